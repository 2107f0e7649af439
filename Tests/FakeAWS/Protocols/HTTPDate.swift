import OCI

/// Dates as header fields have them: `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Source: RFC 9110, section 5.6.7.
enum HTTPDate {
    static func text(seconds: Int64) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = Array(Timestamp.text(seconds: seconds))
        let month = Int(String(text[5..<7])) ?? 1
        return "\(days[Int(seconds / 86_400 % 7)]), \(String(text[8..<10])) \(months[month - 1]) "
            + "\(String(text[0..<4])) \(String(text[11..<19])) GMT"
    }
}
