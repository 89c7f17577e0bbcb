import path from "node:path";
import { runOk } from "../vm/harness/run.ts";

const script = `mkdir -p usr/lib/extension-release.d usr/lib/systemd/system usr/bin
printf 'ID=_any\\n' >usr/lib/extension-release.d/extension-release.units
cat >usr/bin/unit-one <<'END'
#!/bin/sh
echo $$ >/run/unit-one.pid
echo "one says $WORD" >>/run/units-said
exec sleep 100000
END
cat >usr/bin/unit-two <<'END'
#!/bin/sh
[ -s /run/unit-one.pid ] && echo "two comes after it" >>/run/units-said
END
chmod 755 usr/bin/*
cd usr/lib/systemd/system
cat >unit-one.service <<'END'
[Unit]
Description=One
After=network-online.target podman.socket
Requires=podman.socket

[Service]
Type=exec
ExecStart=/usr/bin/unit-one
Restart=always
END
mkdir unit-one.service.d multi-user.target.d multi-user.target.wants
printf '[Service]\\nEnvironment=WORD=hello\\n' >unit-one.service.d/10-word.conf
printf '[Unit]\\nUpholds=unit-one.service\\n' >multi-user.target.d/10-one.conf
cat >unit-two.service <<'END'
[Unit]
Description=Two
After=unit-one.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/bin/sh -c 'until [ -s /run/unit-one.pid ]; do sleep 1; done'
ExecStart=/usr/bin/unit-two

[Install]
WantedBy=multi-user.target
END
ln -s ../unit-two.service multi-user.target.wants/
printf '[Service]\\nExecStart=/bin/true\\nProtectHome=yes\\n' >unit-boxed.service`;

/**
 * Makes a system extension "units" by the book (systemd-sysext(8)) with services of systemd's in it, as others publish
 * them: one that a target upholds, with a drop-in, one that a target's folder links to, and one that asks for a
 * sandbox. Gives the image's path.
 */
export async function unitsExtension(folder: string): Promise<string> {
  const tree = path.join(folder, "units");
  const image = path.join(folder, "units.raw");
  await runOk(["mkdir", tree]);
  await runOk(["sh", "-ec", `cd $1; ${script}`, "sh", tree]);
  await runOk(["mksquashfs", tree, image, "-quiet", "-no-progress", "-all-root"]);
  return image;
}
