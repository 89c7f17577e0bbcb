import { describe, expect, test } from "vitest";
import { expandVariables } from "./commands.ts";
import { defaultInstance, defineService } from "./define-service.ts";

const root = { user: { name: "root", uid: 0, gid: 0, home: "/root" }, hostName: "box" };
const tc = { user: { name: "tc", uid: 1000, gid: 50, home: "/home/tc" }, hostName: "box" };

/** As Podman's generator prints it. */
const web = `[Unit]
Wants=network-online.target
After=network-online.target
Description=Web
SourcePath=/etc/containers/systemd/web.container
RequiresMountsFor=%t/containers
Requires=data-volume.service
After=data-volume.service

[X-Container]
Image=alpine

[Service]
Restart=always
TimeoutStartSec=15min
Environment=PODMAN_SYSTEMD_UNIT=%n
Environment="A=two words"
KillMode=mixed
ExecStop=/usr/bin/podman rm -v -f -i --cidfile=%t/%N.cid
ExecStopPost=-/usr/bin/podman rm -v -f -i --cidfile=%t/%N.cid
Delegate=yes
Type=notify
NotifyAccess=all
SyslogIdentifier=%N
ExecStart=/usr/bin/podman run --name systemd-%N -v systemd-data:/data --env "B=x y" alpine sleep 1000

[Install]
WantedBy=multi-user.target other.service
`;

const service = (lines: string, owner = root) =>
  defineService("web.service", `[Service]\nExecStart=/bin/true\n${lines}`, owner);

test("what the generator prints is understood whole", () => {
  const defined = defineService("web.service", web, root);
  expect(defined).toMatchObject({
    name: "web.service",
    description: "Web",
    sourcePath: "/etc/containers/systemd/web.container",
    type: "notify",
    restart: "always",
    restartMs: 100,
    startTimeoutMs: 900_000,
    stopTimeoutMs: undefined,
    killMode: "mixed",
    startLimit: { intervalMs: 10_000, burst: 5 },
    startsAtBoot: true,
    wantedBy: ["other.service"],
    environment: [
      ["PODMAN_SYSTEMD_UNIT", "web.service"],
      ["A", "two words"],
    ],
    notHonoured: [],
  });
  expect(defined.links).toMatchObject({
    after: ["data-volume.service"],
    requires: ["data-volume.service"],
    wants: [],
  });
  expect(defined.start[0]?.argv.slice(-5)).toEqual(["--env", "B=x y", "alpine", "sleep", "1000"]);
  expect(defined.stop[0]?.argv.at(-1)).toBe("--cidfile=/run/web.cid");
  expect(defined.stopPost[0]?.ignoresFailure).toBe(true);
});

describe("what isn't done is named", () => {
  test.each([
    ["MemoryMax=1G", "MemoryMax= of [Service] is not honoured: limits"],
    ["WatchdogSec=5", "use HealthCmd="],
    ["ExecReload=/bin/x", "restart the service"],
    ["[Unit]\nOnFailure=mail.service", "OnFailure= of [Unit] is not honoured"],
    ["[Install]\nWantedBy=timers.target", "WantedBy=timers.target of [Install] is not honoured"],
  ])("and left out: %s", (lines, said) => {
    expect(service(lines).notHonoured.join("\n")).toContain(said);
  });

  test.each([
    ["User=nobody", "User= of [Service] can't be done"],
    ["ProtectSystem=strict", "no sandboxes"],
    ["ExecCondition=/bin/x", "ExecCondition="],
    ["[Unit]\nConditionHost=x", "this condition isn't known here"],
    ["[Unit]\nRequires=db.socket", "there are no such units here"],
    ["[Unit]\nAfter=../x.service", "is no name of a unit"],
    ["Nonsense=1", "this key isn't known here"],
    ["[Timer]\nOnBootSec=1", "the section [Timer] isn't known here"],
    ["Type=dbus", "Type=dbus is not known here"],
    ["Restart=sometimes", "Restart=sometimes is not known here"],
    ["RemainAfterExit=perhaps", "neither yes nor no"],
    ["ExecStart=/bin/two", "needs one ExecStart="],
    ["ExecStop=bin/relative", "neither an absolute path"],
    ["ExecStop=@/bin/a b", "the prefix"],
    ["Environment=1A=x", "is no NAME=value"],
    ["TimeoutSec=soon", "TimeoutSec=: "],
    ["SuccessExitStatus=LOTS", "no exit status"],
    ["WorkingDirectory=here", "no absolute path"],
    ["ExecStop=/bin/x %Z", "the specifier %Z"],
  ])("and the service refused: %s", (lines, why) => {
    expect(() => service(lines)).toThrow(why);
  });

  test("a user's service asks for no more rights than the user has", () => {
    expect(() => service("ExecStartPre=+/bin/x", tc)).toThrow("rights");
    expect(service("ExecStartPre=+/bin/x").startPre).toHaveLength(1);
  });
});

test("an empty value takes back what was before it", () => {
  expect(service("ExecStart=\nExecStart=/bin/false\nUser=x\nUser=").start[0]?.argv).toEqual([
    "/bin/false",
  ]);
});

test("a template has the instance that its file names", () => {
  const text = "[Service]\nExecStart=/bin/x %i\n[Install]\nDefaultInstance=7\n";
  expect(defaultInstance("q@.service", text)).toBe("7");
  expect(defineService("q@7.service", text, root).start[0]?.argv).toEqual(["/bin/x", "7"]);
});

test("variables are put into words, and none is a command", () => {
  const argv = ["/bin/$X", `\${A}-b`, "$L", "$$A", "$NONE", "a$A", `\${NONE}`];
  const environment = { A: "1 2", L: "x  y", X: "evil" };
  const command = { argv, ignoresFailure: false, keepsDollars: false };
  expect(expandVariables(command, environment)).toEqual([
    "/bin/$X",
    "1 2-b",
    "x",
    "y",
    "$A",
    "a$A",
    "",
  ]);
  expect(expandVariables({ ...command, keepsDollars: true }, environment)).toEqual(argv);
});
