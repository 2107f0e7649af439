/// What `ovenbird init` writes.
package enum BakefileInit {
    /// A Bakefile that bakes in an empty folder, with no root, no network and no container runtime, and that shows the
    /// rest in comments.
    package static let text = """
        # What ovenbird bakes. 'ovenbird check' finds mistakes, 'ovenbird plan' says what a bake would do and why, and
        # 'ovenbird bake' does it. The schema for your editor: 'ovenbird schema'.
        bakefile: 1
        project: hello

        # Values for '${name}', from (in rising order) the default, the environment, a variables file, and --set.
        variables:
          greeting: { default: "Hello from ovenbird", env: GREETING }
          # suite: { default: bookworm, allowed: [bookworm, trixie] }

        images:
          # A container image of two files: it needs nothing of this machine.
          hello:
            kind: docker
            from: scratch
            steps:
              - directory: { path: /srv/hello, mode: "0755" }
              - file:
                  path: /srv/hello/index.html
                  content: |
                    <!doctype html>
                    <title>Hello</title>
                    <p>This file was baked.
            config:
              workdir: /srv/hello
              labels: { org.opencontainers.image.title: "${greeting}" }
            # Versions that count: the first bake is then 'ovenbird bake --first'.
            # version: { semver: { start: 1.0.0, bump: minor } }

          # A web server on Debian. Packages and commands run in a sandbox: see 'ovenbird doctor'.
          # web:
          #   kind: docker
          #   from: { debian: "${suite}" }
          #   steps:
          #     - packages: [nginx-light]
          #     - copy: { from: { image: hello, path: /srv/hello/ }, to: /srv/www/ }
          #     - copy: { from: nginx-site, to: /etc/nginx/sites-available/default, mode: "0644" }
          #     - name: test-settings
          #       run: nginx -t
          #   config: { entrypoint: [nginx, -g, "daemon off;"], ports: [80/tcp] }
          #   push: [registry.example.com/hello/web]

          # A machine image.
          # base:
          #   kind: ami
          #   from: { debian: "${suite}" }
          #   steps:
          #     - packages: [docker.io, cloud-init, linux-image-cloud-amd64]
          #     - run: systemctl enable docker
          #   disk: { size: 4GiB, filesystem: ext4, boot: hybrid }

        # CloudFormation stacks, and what their parameters take from a bake.
        # stacks:
        #   hello:
        #     template: templates/hello.yaml
        #     bind:
        #       BaseAmiId: ${images.base.ami}
        #       WebContainer: ${images.web.reference}
        #     environments:
        #       dev: { region: eu-west-1, parameters: params/dev.json }

        """
}
