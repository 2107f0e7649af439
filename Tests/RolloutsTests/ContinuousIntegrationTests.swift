import Rollouts
import Testing

@Suite struct ContinuousIntegrationTests {
    @Test func `nothing is nothing`() {
        #expect(ContinuousIntegration.read(["HOME": "/root", "JOB_NAME": "x"]) == nil)
    }

    @Test func `Jenkins`() {
        let build = ContinuousIntegration.read([
            "BUILD_TAG": "jenkins-shop-42", "JOB_NAME": "shop/bake", "BUILD_NUMBER": "42",
            "BUILD_URL": "https://user:secret@ci.example.com/job/shop/42/",
        ])
        #expect(
            build
                == ContinuousIntegration(
                    system: .jenkins,
                    job: "shop/bake",
                    number: "42",
                    url: "https://ci.example.com/job/shop/42/"
                )
        )
    }

    @Test func `Bamboo`() {
        let build = ContinuousIntegration.read([
            "bamboo_planKey": "OPS-BAKE", "bamboo_buildNumber": "7",
            "bamboo_resultsUrl": "https://bamboo.example.com/browse/OPS-BAKE-7",
        ])
        #expect(
            build
                == ContinuousIntegration(
                    system: .bamboo,
                    job: "OPS-BAKE",
                    number: "7",
                    url: "https://bamboo.example.com/browse/OPS-BAKE-7"
                )
        )
    }

    @Test func `GitHub`() {
        let build = ContinuousIntegration.read([
            "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "shop/images", "GITHUB_WORKFLOW": "bake",
            "GITHUB_RUN_NUMBER": "3", "GITHUB_RUN_ID": "99", "GITHUB_SERVER_URL": "https://github.example.com",
        ])
        #expect(
            build
                == ContinuousIntegration(
                    system: .github,
                    job: "shop/images/bake",
                    number: "3",
                    url: "https://github.example.com/shop/images/actions/runs/99"
                )
        )
    }

    @Test func `GitLab, with what is missing left out`() {
        let build = ContinuousIntegration.read(["GITLAB_CI": "true", "CI_JOB_NAME": "bake\n", "CI_PIPELINE_IID": ""])
        #expect(build == ContinuousIntegration(system: .gitlab, job: "bake", number: nil, url: nil))
    }
}

@Suite struct StampLabelTests {
    @Test func `commit, dirtiness and build become labels`() {
        let git = GitState(commit: "abc", changes: ["x"])
        let build = ContinuousIntegration(system: .bamboo, job: "OPS", number: nil, url: nil)
        #expect(
            ContinuousIntegration.stampLabels(git: git, build: build) == [
                "org.opencontainers.image.revision": "abc-dirty", "ovenbird.build.system": "bamboo",
                "ovenbird.build.job": "OPS",
            ]
        )
        #expect(ContinuousIntegration.stampLabels(git: nil, build: nil).isEmpty)
    }
}
