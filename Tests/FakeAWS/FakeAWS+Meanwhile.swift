import Synchronization

extension FakeAWS {
    /// What happens beside a client, right before one of its calls is carried out.
    struct Event: Sendable {
        var operation: String
        /// Of the calls of the operation from now on, from 1.
        var nth: Int
        var work: @Sendable (FakeAWS) -> Void
    }

    /// Does something right before the nth call of an operation from now on, as if somebody else had done it.
    package func meanwhile(
        at operation: String,
        nth: Int = 1,
        _ work: @escaping @Sendable (FakeAWS) -> Void
    ) {
        events.withLock { $0.append(Event(operation: operation, nth: nth, work: work)) }
    }

    /// Does what is due before a call.
    func letHappen(before operation: String) {
        let due = events.withLock { events in
            for place in events.indices where events[place].operation == operation { events[place].nth -= 1 }
            defer { events.removeAll { $0.nth == 0 } }
            return events.filter { $0.nth == 0 }
        }
        for event in due { event.work(self) }
    }

    /// Lets another account use an image.
    package func share(image id: String, with account: String) {
        state.withLock { world in
            for region in world.regions.keys { world[region].images[id]?.users.insert(account) }
        }
    }
}
