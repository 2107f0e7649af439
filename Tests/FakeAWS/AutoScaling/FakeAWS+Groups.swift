import Synchronization

extension FakeAWS {
    /// Lets there be a group, or another in the place of one of the same name.
    package func setGroup(_ group: AutoScalingGroup) {
        var group = group
        group.date = clock.now
        state.withLock { [group] in $0[group.region].groups[group.account, default: [:]][group.name] = group }
    }

    /// Lets there be a launch configuration, or another in the place of one of the same name.
    package func setLaunchConfiguration(_ configuration: LaunchConfiguration) {
        var configuration = configuration
        configuration.date = clock.now
        state.withLock { [configuration] in
            $0[configuration.region].launchConfigurations[configuration.account, default: [:]][configuration.name] =
                configuration
        }
    }

    package func removeGroup(_ name: String, _ region: String, of account: Account? = nil) {
        let owner = (account ?? accounts[0]).id
        state.withLock { $0[region].groups[owner]?[name] = nil }
    }
}
