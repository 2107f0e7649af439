extension EC2 {
    /// A machine that is there, running or not, and what it was started from.
    package struct MachineUse: Sendable, Hashable {
        package var instance: String
        package var image: String
    }

    /// The account's machines that were started from these AMIs; those that are terminated are none.
    package func machines(startedFrom images: [String]) async throws -> [MachineUse] {
        var found: [MachineUse] = []
        for some in Self.filterValues(images) {
            let reservations = try await list(ReservationPage.self, "DescribeInstances") { form in
                form.add(filters: [
                    "image-id": some,
                    "instance-state-name": ["pending", "running", "shutting-down", "stopping", "stopped"],
                ])
                form.add("MaxResults", 1000)
            }
            found += reservations.flatMap { $0.instancesSet?.items ?? [] }
                .map { MachineUse(instance: $0.instanceId, image: $0.imageId ?? "") }
        }
        return found
    }

    private struct ReservationPage: ListPage {
        var reservationSet: Items<Reservation>?
        var nextToken: String?
        var items: [Reservation] { reservationSet?.items ?? [] }
        var next: String? { nextToken }
    }

    private struct Reservation: Decodable { var instancesSet: Items<Entry>? }

    private struct Entry: Decodable {
        var instanceId: String
        var imageId: String?
    }
}
