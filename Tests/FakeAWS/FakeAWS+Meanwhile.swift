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

    /// Gives up all snapshots that wait for blocks, as if none had come for too long.
    package func giveUpSnapshots() {
        state.withLock { world in
            for region in world.regions.keys {
                for (id, snapshot) in world[region].snapshots where snapshot.state == .pending {
                    world[region].snapshots[id]?.state = .error
                }
            }
        }
    }

    /// Lets another account use an image.
    package func share(image id: String, with account: String) {
        state.withLock { world in
            for region in world.regions.keys { world[region].images[id]?.users.insert(account) }
        }
    }

    /// Deregisters an image, of which it is known then that it was there.
    package func deregisterImage(_ id: String) {
        state.withLock { world in
            for region in world.regions.keys where world[region].images.removeValue(forKey: id) != nil {
                world[region].deregistered.insert(id)
            }
        }
    }
}
