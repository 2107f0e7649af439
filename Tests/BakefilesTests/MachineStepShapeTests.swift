import Bakefiles
import OCI
import Testing

@Suite struct `The forms of steps for machines` {
    private func actions(_ steps: String) throws -> [Step.Action] {
        let lines = steps.split(separator: "\n", omittingEmptySubsequences: false).map { "      \($0)" }
        let sample = try Sample(
            """
            bakefile: 1
            project: sample
            images:
              web: { kind: docker, from: scratch }
              machine:
                kind: ami
                from: { debian: bookworm }
                steps:
            """ + "\n" + lines.joined(separator: "\n") + "\n"
        )
        #expect(sample.report == "")
        return try #require(sample.bakefile?.image(named: "machine")).steps.map(\.action)
    }

    @Test func `preload`() throws {
        let read = try actions(
            """
            - preload: web
            - preload: { image: web, as: ["registry.example.com:5000/a/b:c", web:1.2] }
            - preload: { registry: "registry.example.com/cache:7", verify: [cache.pub] }
            """
        )
        #expect(
            read == [
                .preload(PreloadStep(.image("web"))),
                .preload(PreloadStep(.image("web"), names: ["registry.example.com:5000/a/b:c", "web:1.2"])),
                .preload(
                    PreloadStep(
                        .registry(Reference(registry: "registry.example.com", repository: "cache", tag: "7")),
                        verify: [InputPath(path: "cache.pub")]
                    )
                ),
            ]
        )
    }

    @Test func `ssh-keys`() throws {
        let read = try actions(
            """
            - ssh-keys: [keys/ada.pub]
            - ssh-keys: { user: ada, files: [a.pub, b.pub] }
            """
        )
        #expect(
            read == [
                .sshKeys(SSHKeysStep(files: [InputPath(path: "keys/ada.pub")])),
                .sshKeys(SSHKeysStep(user: "ada", files: [InputPath(path: "a.pub"), InputPath(path: "b.pub")])),
            ]
        )
    }

    @Test func `kernel`() throws {
        let read = try actions(
            """
            - kernel: { arguments: [quiet, net.ifnames=0] }
            - kernel: { modules: [tls] }
            """
        )
        #expect(
            read == [
                .kernel(KernelStep(arguments: ["quiet", "net.ifnames=0"])), .kernel(KernelStep(modules: ["tls"])),
            ]
        )
    }

    @Test func `cloud-init keeps what its settings mean to their reader`() throws {
        let read = try actions(
            """
            - cloud-init:
                settings:
                  ssh_pwauth: no
                  mode: 0644
                  text: "no"
                  nothing:
                  none: {}
                  empty: []
                  runcmd:
                    - [sh, -c, 'echo "${HOME}", done']
                    - "a: b"
                  write_files:
                    - path: /etc/x
                      content: |
                        one
                        two
            """
        )
        #expect(
            read == [
                .cloudInit(
                    CloudInitStep(
                        settings: #"""
                            "ssh_pwauth": no
                            "mode": 0644
                            "text": "no"
                            "nothing": 
                            "none": {}
                            "empty": []
                            "runcmd":
                              -
                                - sh
                                - -c
                                - "echo \"${HOME}\", done"
                              - "a: b"
                            "write_files":
                              -
                                "path": "/etc/x"
                                "content": "one\ntwo\n"

                            """#
                    )
                )
            ]
        )
    }

    @Test func `cloud-init takes no tags`() throws {
        let sample = try Sample(
            """
            bakefile: 1
            project: sample
            images:
              machine:
                kind: ami
                from: { debian: bookworm }
                steps:
                  - cloud-init: { settings: { a: !secret b } }
            """
        )
        #expect(sample.report.contains("Bakefile:8:"))
        #expect(sample.report.contains("[unexpected-tag]"))
        #expect(sample.report.contains("why: the settings are written anew, and tags are not"))
    }
}
