import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { madeCertificate } from "../../agents/init-hooks/trust/made-certificate.testing.ts";
import { recordedFor } from "../client/recorded.ts";
import { busyboxImage, importBusybox } from "./harness/container-image.ts";
import { type Identity, laidDataDisk, newIdentity } from "./harness/data-disk.ts";
import { TestMachine } from "./harness/test-machine.ts";

const own = "/var/lib/boot2podman";

/** What a person may have laid on the data disk, with some mistakes. */
const files = {
  [`${own}/boot2podman.toml`]: [
    'host = "from-disk"',
    "superuser = true",
    "cron = true",
    "syslog = true",
    "grace = 8",
    "hots = 1",
    'blacklist = ["e1000"]',
  ].join("\n"),
  [`${own}/profile`]: "export GREETING=hello\n",
  [`${own}/bootsync.sh`]: 'echo "$GREETING"; env | sort; touch /run/bootsync-ran; exit 3\n',
  [`${own}/bootlocal.sh`]: "podman ps >/dev/null && touch /run/bootlocal-ran\n",
  [`${own}/shutdown.sh`]: `date >${own}/shutdown-ran\n`,
  [`${own}/certs/registry.pem`]: madeCertificate,
  [`${own}/certs/broken.crt`]: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  [`${own}/etc/containers/registries.conf.d/lan.conf`]:
    '[[registry]]\nlocation = "registry.lan:5000"\ninsecure = true\n',
  [`${own}/etc/containers/containers.conf.d/broken.conf`]: "[engine\n",
  [`${own}/etc/crontabs/root`]: `* * * * * touch ${own}/cron-ran\n`,
};

/** Ends services and waits until each was started again; runs beside the first tests, since pauses grow. */
const killing = `for name in acpid acpid acpid qemu-ga; do
  state=/run/boot2podman/services/$name
  read -r pid rest <$state && kill -9 $pid
  until read -r new rest <$state && [ $new != $pid ] && [ $new != 0 ]; do sleep 1; done
done; touch /run/acpid-killed`;

describe("a machine with settings and hooks of its own on the data disk", () => {
  let identity: Identity;
  let machine: TestMachine;

  beforeAll(async () => {
    identity = await newIdentity();
    const onDisk = Object.entries(files).map(([name, content]) => [name.slice(1), content]);
    const disks = [await laidDataDisk(identity, Object.fromEntries(onDisk))];
    const append =
      "boot2podman.foo=1 waitusb=soon tz=UTC0 user=captain other.option=1 ignition.platform.id=qemu";
    const config = path.join(identity.folder, "config.ign");
    const publicKey = await readFile(`${identity.key}.pub`, "utf8");
    await writeFile(config, await recordedFor("captain", publicKey));
    const extra = [
      // As a machine with an empty battery.
      ...["-rtc", "base=2000-01-01T00:00:00"],
      // As podman machine starts one.
      ...["-fw_cfg", `name=opt/com.coreos/config,file=${config}`],
      ...["-chardev", `file,id=ready,path=${readyFile()}`],
      ...["-device", "virtserialport,chardev=ready,name=org.fedoraproject.port.0"],
    ];
    machine = await TestMachine.start({ key: identity.key, disks, append, extra });
    await machine.root(`(${killing}) >/dev/null 2>&1 &`);
    await importBusybox(machine);
  });
  const readyFile = () => path.join(identity.folder, "ready");
  afterAll(async () => {
    await machine?.remove();
    await rm(identity.folder, { recursive: true, force: true });
  });

  /** As the account that the option user= names. */
  const captain = (command: string) => machine.guest(command, { user: "captain" });

  /** Waits for what a background program makes. */
  async function appears(pathInGuest: string, seconds = 300): Promise<void> {
    await machine.root(
      `for i in $(seq ${seconds}); do [ -e ${pathInGuest} ] && exit 0; sleep 1; done; exit 1`,
    );
  }

  test("takes them from the data disk and the command line, and says where each came from", async () => {
    expect(await captain("hostname")).toBe("from-disk");
    const status = await captain("boot2podman status");
    expect(status).toMatch(/^settings {3}host=from-disk \(data disk\)$/m);
    expect(status).toMatch(/^ {11}tz=UTC0 \(command line\)$/m);
    expect(status).toMatch(/^ {11}superuser \(data disk\)$/m);
    const { settings } = JSON.parse(await captain("boot2podman status --json"));
    expect(settings).toContainEqual({ name: "cron", value: "on", source: "data disk" });
  });

  test("has no clock of 2000: it is set to the image's date, then to what was written on the disk last", async () => {
    const date = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d UTC`;
    expect(await machine.root("cat /boot.log")).toMatch(
      new RegExp(
        `^the clock said 2000-01-01 00:0\\d UTC and was set to the image's date, ${date}, until`,
        "m",
      ),
    );
    expect(await machine.root("boot2podman status")).toMatch(
      new RegExp(`^clock +ok .*the last time written on the data disk, ${date}`, "m"),
    );
    const imageS = Number(await machine.root("stat -c %Y /usr/lib/os-release"));
    expect(Number(await machine.root("date +%s"))).toBeGreaterThan(imageS);
  });

  test("gives its account the name that was asked for, with containers of its own", async () => {
    expect(await captain("id -un; id -u; pwd; sudo id -un")).toBe(
      "captain\n1000\n/home/captain\nroot",
    );
    expect(await captain("podman info -f '{{.Host.Security.Rootless}} {{.Store.GraphRoot}}'")).toBe(
      "true /home/captain/.local/share/containers/storage",
    );
  });

  test("is what Podman's own client asks for by an Ignition config, and runs its commands", async () => {
    expect(await readFile(readyFile(), "utf8")).toBe("Ready\n");
    const status = await captain("boot2podman status");
    expect(status).toMatch(/^ignition +ok .* user captain, 5 folders, 7 files, 2 links/m);
    expect(
      await captain("id -g; stat -c %u:%g .config/containers/containers.conf; stat -f -c %T ."),
    ).toBe("1000\n1000:1000\next2/ext3");
    // The command line's tz= wins over the config's.
    expect(status).not.toMatch(/tz=.*Ignition/);
    expect(await machine.root("cat /etc/containers/podman-machine /etc/podman-machine")).toBe(
      "qemu\nqemu",
    );
    // As podman machine start runs them: the script of its proxies, a volume outside /home, the socket of set --rootful.
    const proxies = "export http_proxy=http://host.containers.internal:3128";
    await machine.root(
      `/usr/bin/bash <<'END'
mkdir -p /etc/profile.d && echo '${proxies}' >/etc/profile.d/default-env.sh && systemctl daemon-reload
END`,
    );
    expect(await captain("printenv http_proxy; bash -c 'echo $http_proxy'")).toBe(
      "http://host.containers.internal:3128\nhttp://host.containers.internal:3128",
    );
    await captain("sudo chattr -i / ; sudo mkdir -p '/work/with space' ; sudo chattr +i / ;");
    await captain(
      `sudo mount -t tmpfs none "/work/with space" -o context="system_u:object_r:nfs_t:s0",ro && ! touch "/work/with space/x"`,
    );
    const line = "L+ /run/docker.sock - - - - /run/podman/podman.sock";
    await captain(
      `sudo bash -c 'echo "${line}" >/etc/tmpfiles.d/podman-docker.conf' && sudo systemd-tmpfiles --create --prefix=/run/docker.sock`,
    );
    expect(await machine.root("readlink /run/docker.sock")).toBe("/run/podman/podman.sock");
    expect(
      await captain(
        "sudo systemctl is-active sshd; journalctl -u sshd -n 1 | wc -l; systemctl mask x; echo $?",
      ),
    ).toMatch(/^active\n1\n(.*\n)*1$/);
    await captain("echo '# mine' >.config/containers/containers.conf");
  });

  test("says each mistake in one line on the console, and nothing about other people's options", async () => {
    const lines = (await readFile(machine.console, "utf8")).split(/\r?\n/);
    // The console may have a prompt already, which such a line comes behind.
    const said = lines.filter((line) => line.includes("boot2podman: "));
    const about = (word: string) => said.filter((line) => line.includes(word));
    expect(about("boot2podman.foo=1 is unknown")).toHaveLength(1);
    expect(about("waitusb=soon: expected SECONDS")).toHaveLength(1);
    expect(about("boot2podman.toml: hots is unknown")).toHaveLength(1);
    expect(about('blacklist = "e1000": expected nothing')).toHaveLength(1);
    expect(about("bootsync.sh ended with 3: see ")).toHaveLength(1);
    expect(about('certs/"broken.crt" is skipped: its certificate 1 is damaged')).toHaveLength(1);
    expect(
      about("containers.conf.d/broken.conf is skipped: line 1 is not valid TOML"),
    ).toHaveLength(1);
    expect(about("other.option")).toEqual([]);
  });

  test("ran its hooks in a clean environment with the profile, and kept what they said", async () => {
    await machine.root("test -e /run/bootsync-ran");
    await appears("/run/bootlocal-ran");
    const log = await machine.root(`cat ${own}/log/bootsync.log`);
    expect(log).toMatch(/^=== 20\S+Z bootsync\.sh\nhello\n/);
    const names = log.split("\n").flatMap((line) => /^([A-Za-z_]\w*)=/.exec(line)?.[1] ?? []);
    const clean = ["GREETING", "HOME", "LANG", "PATH", "PWD", "SHLVL", "_", "OLDPWD"];
    expect(names.filter((name) => !clean.includes(name))).toEqual([]);
    expect(await captain("sh -lc 'echo $GREETING'")).toBe("hello");
  });

  test("trusts its certificates and knows its registries", async () => {
    const line = madeCertificate.split("\n")[2] ?? "";
    expect(await captain(`grep -c '${line}' /etc/ssl/certs/ca-certificates.crt`)).toBe("1");
    const registries = await machine.root("podman info --format '{{json .Registries}}'");
    expect(registries).toContain("registry.lan:5000");
  });

  test("runs what was asked for, and logs root in at the console", async () => {
    expect(await captain("boot2podman status")).toMatch(/^services .*crond.*syslogd/m);
    await machine.root("logger -t test 'a line for syslogd'");
    // syslogd reads it when it comes to it.
    const isThere = "grep -q 'a line for syslogd' /var/log/messages.log";
    await machine.root(`until ${isThere}; do usleep 100000; done`);
    await expect.poll(() => readFile(machine.console, "utf8")).toMatch(/from-disk:~# /);
  });

  test("starts services again, later each time, and shows one that keeps ending", async () => {
    await appears("/run/acpid-killed");
    const status = await captain("boot2podman status");
    expect(status).toMatch(
      /^ {11}acpid runs for now; it ended 3 times in a row soon after its start$/m,
    );
    expect(status).toMatch(/^services .*acpid.*qemu-ga/m);
    expect(await machine.root("pidof qemu-ga | wc -w")).toBe("1");
    expect(await readFile(machine.console, "utf8")).toMatch(/acpid keeps ending; started again in/);
  });

  test("goes off by Ctrl-Alt-Del though a container ignores TERM, and lets another one finish", async () => {
    const flush =
      "trap 'sleep 1; echo flushed >/data/file; exit 0' TERM; while :; do sleep 1; done";
    await machine.root(
      `podman run -d --network none -v data:/data ${busyboxImage} sh -c "${flush}"`,
    );
    const deaf = "trap '' TERM; while :; do sleep 1; done";
    await machine.root(
      `podman run -d --network none --stop-timeout 3600 ${busyboxImage} sh -c "${deaf}"`,
    );
    const keys = ["ctrl", "alt", "delete"].map((data) => ({ type: "qcode", data }));
    const tookMs = await machine.powersUpAgain((monitor) => monitor.execute("send-key", { keys }));
    // 8 s of grace, 10 s for podman, 1 s for init; the host may be busy.
    expect(tookMs).toBeLessThan(Math.max(90_000, machine.bootMs * 6));
    expect(
      await machine.root(
        "podman volume inspect data -f '{{.Mountpoint}}' | xargs -I{} cat {}/file",
      ),
    ).toBe("flushed");
    expect(await machine.root("dmesg | grep -c 'recovering journal' || true")).toBe("0");
    await machine.root(`test -s ${own}/shutdown-ran`);
  });

  test("kept what was changed since the Ignition config was applied", async () => {
    const kept =
      "cat .config/containers/containers.conf; readlink /run/docker.sock; printenv http_proxy";
    expect(await captain(kept)).toBe(
      "# mine\n/run/podman/podman.sock\nhttp://host.containers.internal:3128",
    );
    await captain("rm .config/containers/containers.conf");
    expect(await captain("boot2podman status")).toMatch(/^ignition +ok .* are as they were left$/m);
  });

  test("kept the logs of the boot before, and of the kernel, on the data disk", async () => {
    expect(await machine.root(`grep -c '^=== 20.* boot2podman ' ${own}/log/kernel.log`)).toMatch(
      /^[12]$/,
    );
    expect(await machine.root(`cat ${own}/log/kernel.log`)).toMatch(/Linux version .*ready: ok/s);
    expect(await machine.root(`cat ${own}/log/boot.log`)).toMatch(/sshkeys: ok/);
    expect(await machine.root(`cat ${own}/log/messages.log`)).toMatch(/a line for syslogd/);
    expect(await captain("cat /boot.log")).toMatch(/^boot2podman \S+, .*\n/);
  });

  test("ran what its crontab says", async () => {
    await appears(`${own}/cron-ran`);
  });

  test("keeps logs short", async () => {
    await machine.root("yes 0123456789abcdef | head -c 700000 >>/var/log/sshd.log");
    await machine.root(
      "for i in $(seq 300); do [ $(stat -c %s /var/log/sshd.log) -lt 300000 ] && exit 0; sleep 1; done; exit 1",
    );
    expect(Number(await machine.root("stat -c %s /var/log/sshd.log.1"))).toBeLessThanOrEqual(
      262_144,
    );
  });
});
