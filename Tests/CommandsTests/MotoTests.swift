import SystemPackage
import TestSupport
import Testing

/// The fake is ours; this one is somebody else's, and not strict, but it has no idea of what we believe.
@Suite("Registering AMIs, against moto") struct MotoTests {
    private let script = #"""
        import base64, hashlib, json, os, subprocess, sys
        import boto3
        from moto.server import ThreadedMotoServer

        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        server.start()
        host, port = server.get_host_and_port()
        environment = {
            **os.environ, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true",
        }
        os.environ.update(environment)

        def register():
            done = subprocess.run(
                [sys.argv[1], "register", "--format", "json"], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)["registered"][0]

        ec2, ebs, ssm = [boto3.client(name, region_name="eu-west-1") for name in ["ec2", "ebs", "ssm"]]
        ec2.create_launch_template(LaunchTemplateName="shop", LaunchTemplateData={"InstanceType": "t3.small"})
        placed = register()
        image, = ec2.describe_images(Owners=["self"], ImageIds=[placed["ami"]])["Images"]
        assert image["Name"].startswith("kitchen/machine/1/"), image
        # It makes a snapshot of its own for the image; ours is the one that says what it is for.
        own = [s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
               if s["Description"] == "machine 1 of kitchen"]
        assert len(own) == 1, own
        blocks = ebs.list_snapshot_blocks(SnapshotId=own[0])["Blocks"]
        assert len(blocks) == placed["sentBlocks"] > 10, (len(blocks), placed)
        for block in blocks:
            got = ebs.get_snapshot_block(
                SnapshotId=own[0], BlockIndex=block["BlockIndex"], BlockToken=block["BlockToken"])
            digest = hashlib.sha256(got["BlockData"].read()).digest()
            assert base64.b64encode(digest).decode() == got["Checksum"], block
        allowed = ec2.describe_image_attribute(ImageId=placed["ami"], Attribute="launchPermission")["LaunchPermissions"]
        assert [entry["UserId"] for entry in allowed] == ["444455556666"], allowed
        assert ssm.get_parameter(Name="/shop/base")["Parameter"]["Value"] == placed["ami"]
        latest, = ec2.describe_launch_template_versions(LaunchTemplateName="shop", Versions=["$Latest"])[
            "LaunchTemplateVersions"]
        assert latest["LaunchTemplateData"]["ImageId"] == placed["ami"], latest
        # It keeps no tags that an image is registered with.
        if not image.get("Tags"):
            ec2.create_tags(Resources=[placed["ami"]], Tags=[{"Key": "ovenbird:identity", "Value": sys.argv[2]}])
        again = register()
        # Nor does it tell whom the image's snapshot is shared with, so that is said once more.
        assert again["ami"] == placed["ami"] and again["sentBlocks"] == 0, again
        assert "launchTemplateVersion" not in again and "parameter" not in again, again
        server.stop()
        """#

    @Test func `what moto does right, it does with us`() async throws {
        let test = try await RegisterKitchen(
            share: ["444455556666"],
            also: "parameter: /shop/base, launch-template: { name: shop }"
        )
        let identity = try test.kitchen.identity(of: "machine").identity
        try await requireTool(
            pythonWithBotocore(),
            ["-c", script, test.kitchen.program.string, identity],
            in: test.kitchen.work.path,
            environment: ["OVENBIRD_STORE": test.kitchen.store.string]
        )
    }
}
