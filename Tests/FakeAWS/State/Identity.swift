/// Whoever a key id stands for.
struct Identity: Sendable {
    var account: String
    var arn: String
    var userID: String
    var secret: String
    /// Of temporary credentials.
    var session: Session?

    struct Session: Sendable {
        var token: String
        /// Seconds since 1970 by the virtual clock.
        var expires: Int64
    }

    init(user account: Account) {
        self.account = account.id
        arn = "arn:aws:iam::\(account.id):user/baker"
        userID = "AIDA0000\(account.id)"
        secret = account.secretAccessKey
    }

    init(role: String, session name: String, account: String, secret: String, session: Session) {
        self.account = account
        arn = "arn:aws:sts::\(account):assumed-role/\(role)/\(name)"
        userID = "AROA0000\(account):\(name)"
        self.secret = secret
        self.session = session
    }
}
