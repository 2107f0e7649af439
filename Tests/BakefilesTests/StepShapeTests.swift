import Bakefiles
import Diagnostics
import Testing

@Suite struct `The forms of steps` {
    @Test func `run`() throws {
        let actions = try Sample(
            steps: """
                - run: "echo $HOME ${HOME} $${HOME}"
                - run: [echo, "${x}", 1.10, true]
                - run:
                    command: |
                      make
                      make install
                    env: { A: 1.10, B: "", C: yes }
                    workdir: /src/./x//
                    user: www-data:33
                    network: host
                    secrets: [token, { name: token, env: TOKEN }, { name: token, path: /root/.token }]
                    cache: [{ id: apt-1.x, target: /var/cache/apt }]
                """
        ).actions()
        #expect(
            actions == [
                .run(RunStep(command: .shell("echo $HOME ${HOME} $${HOME}"))),
                .run(RunStep(command: .arguments(["echo", "${x}", "1.10", "true"]))),
                .run(
                    RunStep(
                        command: .shell("make\nmake install\n"),
                        environment: ["A": "1.10", "B": "", "C": "yes"],
                        workingDirectory: "/src/x",
                        user: "www-data:33",
                        network: .host,
                        secrets: [
                            .init(name: "token", target: .file("/run/secrets/token")),
                            .init(name: "token", target: .variable("TOKEN")),
                            .init(name: "token", target: .file("/root/.token")),
                        ],
                        caches: [.init(id: "apt-1.x", target: "/var/cache/apt")]
                    )
                ),
            ]
        )
    }

    @Test func `copy`() throws {
        let actions = try Sample(
            steps: """
                - copy: { from: site/, to: /srv/www }
                - copy: { from: [a, ./b//c], to: /srv/, owner: www-data, mode: "0640", exclude: ["*.bak", "!keep.bak"] }
                - copy: { from: { image: other, path: /out/x }, to: / }
                - copy: { from: { context: shared, path: . }, to: /x, owner: 0:4294967294, mode: "04755" }
                - copy: { from: { context: shared, path: [a, b] }, to: /x/ }
                - copy: { from: [a, { context: shared, path: b }], to: /x/ }
                """
        ).actions()
        #expect(
            actions == [
                .copy(CopyStep(source: .files([InputPath(path: "site")]), destination: "/srv/www")),
                .copy(
                    CopyStep(
                        source: .files([InputPath(path: "a"), InputPath(path: "b/c")]),
                        destination: "/srv/",
                        owner: Ownership(user: "www-data"),
                        mode: 0o640,
                        exclude: ["*.bak", "!keep.bak"]
                    )
                ),
                .copy(CopyStep(source: .image(name: "other", path: "/out/x"), destination: "/")),
                .copy(
                    CopyStep(
                        source: .files([InputPath(context: "shared", path: ".")]),
                        destination: "/x",
                        owner: Ownership(user: "0", group: "4294967294"),
                        mode: 0o4755
                    )
                ),
                .copy(
                    CopyStep(
                        source: .files([
                            InputPath(context: "shared", path: "a"), InputPath(context: "shared", path: "b"),
                        ]),
                        destination: "/x/"
                    )
                ),
                .copy(
                    CopyStep(
                        source: .files([InputPath(path: "a"), InputPath(context: "shared", path: "b")]),
                        destination: "/x/"
                    )
                ),
            ]
        )
    }

    @Test func `file, directory, symlink, delete`() throws {
        let actions = try Sample(
            steps: """
                - file: { path: /etc/motd, content: "Hi ${name} $${name}\\n", owner: 1000:1000, mode: "0600" }
                - file: { path: /empty, content: "" }
                - directory: /srv/www/
                - directory: { path: /srv/x, owner: app, mode: "01777" }
                - symlink: { path: /etc/localtime, target: ../usr/share/zoneinfo/UTC }
                - delete: /tmp/*
                - delete: [/a, /b/?]
                - delete: { paths: [/a], missing: ignore }
                """
        ).actions()
        #expect(
            actions == [
                .file(
                    FileStep(
                        path: "/etc/motd",
                        content: "Hi ${name} $${name}\n",
                        owner: Ownership(user: "1000", group: "1000"),
                        mode: 0o600
                    )
                ),
                .file(FileStep(path: "/empty", content: "")),
                .directory(DirectoryStep(path: "/srv/www")),
                .directory(DirectoryStep(path: "/srv/x", owner: Ownership(user: "app"), mode: 0o1777)),
                .symlink(SymlinkStep(path: "/etc/localtime", target: "../usr/share/zoneinfo/UTC")),
                .delete(DeleteStep(patterns: ["/tmp/*"])),
                .delete(DeleteStep(patterns: ["/a", "/b/?"])),
                .delete(DeleteStep(patterns: ["/a"], ignoreMissing: true)),
            ]
        )
    }

    @Test func `unpack, packages, user`() throws {
        let actions = try Sample(
            steps: """
                - unpack: site.tar.gz
                - unpack: { from: { context: shared, path: x.zip }, to: /opt, owner: app:app, strip: 1 }
                - packages: [nginx-light, g++, "libc6:amd64=2.36-9+deb12u1", curl/bookworm, ./tools/x.deb]
                - packages:
                    names: [curl]
                    files: [{ context: shared, path: y.deb }]
                    recommends: true
                    sources:
                      - { name: a, uri: "https://deb.example.com:8080/debian/", suite: bookworm, key: a.asc }
                      - { name: b, uri: "file:/srv/repo", suite: ./, key: b.gpg, keep: true }
                - user: app
                - user: { name: daemon2, uid: 100, gid: 101, groups: [adm], home: /var/lib/d, shell: /bin/false,
                          comment: "A daemon", system: true }
                - user: { name: other, system: true, create-home: true }
                """
        ).actions()
        #expect(
            actions == [
                .unpack(UnpackStep(archive: InputPath(path: "site.tar.gz"), destination: "/")),
                .unpack(
                    UnpackStep(
                        archive: InputPath(context: "shared", path: "x.zip"),
                        destination: "/opt",
                        owner: Ownership(user: "app", group: "app"),
                        stripComponents: 1
                    )
                ),
                .packages(
                    PackagesStep(
                        names: ["nginx-light", "g++", "libc6:amd64=2.36-9+deb12u1", "curl/bookworm"],
                        files: [InputPath(path: "tools/x.deb")]
                    )
                ),
                .packages(
                    PackagesStep(
                        names: ["curl"],
                        files: [InputPath(context: "shared", path: "y.deb")],
                        sources: [
                            .init(
                                name: "a",
                                uri: "https://deb.example.com:8080/debian/",
                                suite: "bookworm",
                                components: ["main"],
                                key: InputPath(path: "a.asc")
                            ),
                            .init(
                                name: "b",
                                uri: "file:/srv/repo",
                                suite: "./",
                                components: [],
                                key: InputPath(path: "b.gpg"),
                                keep: true
                            ),
                        ],
                        recommends: true
                    )
                ),
                .user(UserStep(name: "app")),
                .user(
                    UserStep(
                        name: "daemon2",
                        uid: 100,
                        gid: 101,
                        groups: ["adm"],
                        home: "/var/lib/d",
                        shell: "/bin/false",
                        comment: "A daemon",
                        isSystem: true,
                        createsHome: false
                    )
                ),
                .user(UserStep(name: "other", isSystem: true, createsHome: true)),
            ]
        )
    }

    @Test func `addresses are names, or kinds and numbers`() throws {
        let image = try Sample(
            steps: """
                - run: "true"
                - { name: site, copy: { from: a, to: /a } }
                - run: "true"
                - copy: { from: a, to: /a }
                """
        ).read().image(named: "web")
        #expect(image?.steps.map(\.address) == ["run-1", "site", "run-2", "copy-2"])
    }
}
