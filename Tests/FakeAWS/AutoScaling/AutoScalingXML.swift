extension AutoScalingGroup {
    var xml: [XML] {
        let tagged = tags.sorted { $0.key < $1.key }.map { key, value in
            [
                XML("Key", key), XML("Value", value), XML("ResourceId", name),
                XML("ResourceType", "auto-scaling-group"), XML("PropagateAtLaunch", true),
            ]
        }
        let members = [
            XML("AutoScalingGroupName", name),
            XML(
                "AutoScalingGroupARN",
                "arn:aws:autoscaling:\(region):\(account):autoScalingGroup:0:autoScalingGroupName/\(name)"
            ),
            XML("MinSize", sizes.lowerBound),
            XML("MaxSize", sizes.upperBound),
            XML("DesiredCapacity", desired),
            XML("DefaultCooldown", 300),
            XML("AvailabilityZones", zones.map { XML("member", $0) }),
            XML("LoadBalancerNames", []),
            XML("TargetGroupARNs", []),
            XML("HealthCheckType", "EC2"),
            XML("HealthCheckGracePeriod", 0),
            .members("Instances", instances.map(instance)),
            XML("CreatedTime", dateText(date)),
            XML("SuspendedProcesses", []),
            XML("VPCZoneIdentifier", subnets ?? ""),
            XML("EnabledMetrics", []),
            .members("Tags", tagged),
            XML("TerminationPolicies", [XML("member", "Default")]),
            XML("NewInstancesProtectedFromScaleIn", false),
        ]
        return members + [source.xml]
    }

    private func instance(_ id: String) -> [XML] {
        // An instance says what it was started from, which is never a policy.
        let origin: XML =
            switch source {
            case .configuration(let name): XML("LaunchConfigurationName", name)
            case .template(let template), .mixed(let template, _): XML("LaunchTemplate", template.xml)
            }
        return [
            XML("InstanceId", id), XML("InstanceType", "t3.micro"), XML("AvailabilityZone", "\(region)a"),
            XML("LifecycleState", "InService"), XML("HealthStatus", "Healthy"), origin,
            XML("ProtectedFromScaleIn", false),
        ]
    }
}

extension AutoScalingGroup.Template {
    fileprivate var xml: [XML] {
        [XML("LaunchTemplateId", id), XML("LaunchTemplateName", name), XML("Version", version)]
    }
}

extension AutoScalingGroup.Source {
    fileprivate var xml: XML {
        switch self {
        case .configuration(let name): return XML("LaunchConfigurationName", name)
        case .template(let template): return XML("LaunchTemplate", template.xml)
        case .mixed(let template, let overrides):
            let others = overrides.sorted { $0.key < $1.key }.map { type, own in
                [XML("InstanceType", type)] + (own.map { [XML("LaunchTemplateSpecification", $0.xml)] } ?? [])
            }
            let launch = [XML("LaunchTemplateSpecification", template.xml), .members("Overrides", others)]
            return XML("MixedInstancesPolicy", [XML("LaunchTemplate", launch)])
        }
    }
}

extension LaunchConfiguration {
    var xml: [XML] {
        [
            XML("LaunchConfigurationName", name),
            XML(
                "LaunchConfigurationARN",
                "arn:aws:autoscaling:\(region):\(account):launchConfiguration:0:launchConfigurationName/\(name)"
            ),
            XML("ImageId", image),
            XML("KeyName", keyName ?? ""),
            XML("SecurityGroups", securityGroups.map { XML("member", $0) }),
            XML("UserData", userData ?? ""),
            XML("InstanceType", instanceType),
            XML("KernelId", ""),
            XML("RamdiskId", ""),
            XML("BlockDeviceMappings", []),
            XML("InstanceMonitoring", [XML("Enabled", true)]),
            XML("IamInstanceProfile", profile),
            XML("CreatedTime", dateText(date)),
            XML("EbsOptimized", false),
        ].compactMap(\.self)
    }
}
