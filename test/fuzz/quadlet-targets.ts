import { parseRequest } from "../../agents/quadlet/control/protocol.ts";
import { defineService } from "../../agents/quadlet/definition/define-service.ts";
import type { ServiceDefinition } from "../../agents/quadlet/definition/service-definition.ts";
import { parseGenerated } from "../../agents/quadlet/generate/parse-output.ts";
import { planStart, planStop } from "../../agents/quadlet/plan/order.ts";
import { parseNotifyMessage } from "../../agents/quadlet/run/notify-message.ts";
import { bytesOf, text } from "./seeds.ts";
import { must, type Target } from "./target.ts";

const owner = { user: { name: "tc", uid: 1000, gid: 50, home: "/home/tc" }, hostName: "box" };
const printed = `---data-volume.service---
[Unit]
After=network-online.target
SourcePath=/home/tc/.config/containers/systemd/data.volume
[Service]
ExecStart=/usr/bin/podman volume create --ignore --label "a=b c" systemd-data
Type=oneshot
RemainAfterExit=yes

---web.service---
[Unit]
Requires=data-volume.service
After=data-volume.service web.service
[Service]
Type=notify
Restart=always
RestartSec=1min 2s
SuccessExitStatus=143 SIGKILL
Environment=A=1 "B=\\x41 %n"
EnvironmentFile=-%h/env
ExecStartPre=-/bin/echo 'x' ; /bin/echo \${A} $B
ExecStart=/usr/bin/podman run --cidfile=%t/%N.cid \\
  -d alpine
[Install]
WantedBy=default.target data-volume.service
`;

/** Never throws; undefined when the unit is refused in one line. */
function definedBy(name: string, unit: string): ServiceDefinition | undefined {
  try {
    return defineService(name, unit, owner);
  } catch (error) {
    must(error instanceof Error && !error.message.includes("\n"), `refused in one line: ${error}`);
    return undefined;
  }
}

const units: Target = {
  name: "Quadlet's units",
  seeds: bytesOf(printed, printed.slice(printed.indexOf("---web"))),
  check(input) {
    const { units: found, warnings } = parseGenerated(text(input), text(input));
    must(
      warnings.every((line) => /^[\x20-\x7e]*$/.test(line)),
      "warnings are plain lines",
    );
    const defined = [...found].flatMap(([name, unit]) => definedBy(name, unit) ?? []);
    for (const { name, start, startPre, notHonoured, links } of defined) {
      must(/^[A-Za-z0-9:_.\\@-]+\.service$/.test(name), "a name is no path");
      for (const { argv } of [...start, ...startPre]) {
        must(argv.length > 0 && !argv.some((word) => word.includes("\0")), "words are words");
        must(/^(\/[^/]|[^/]+$)/.test(argv[0] ?? ""), "a program is absolute, or a name");
      }
      must(
        !Object.values(links)
          .flat()
          .some((one) => one.includes("/")),
        "links are names",
      );
      must(!notHonoured.some((line) => line.includes("\n")), "what is left out is said in a line");
    }
    const known = new Map(defined.map((one) => [one.name, one]));
    const plan = planStart(known, [...known.keys()]);
    must(plan.services.length === known.size, "all are started");
    for (const [at, { waitsFor }] of plan.services.entries()) {
      const before = plan.services.slice(0, at).map(({ name }) => name);
      must(
        waitsFor.every((other) => before.includes(other)),
        "nobody waits for a later one",
      );
    }
    must(planStop(known, [...known.keys()], true).length === known.size, "all are stopped");
    return defined.length > 0;
  },
};

const messages: Target = {
  name: "sd_notify messages",
  seeds: bytesOf("MAINPID=123\nREADY=1\n", "STATUS=pulling\nEXTEND_TIMEOUT_USEC=30000000"),
  check(input) {
    const { mainPid, extendMs, status, isReady } = parseNotifyMessage(text(input));
    must(
      mainPid === undefined || (Number.isSafeInteger(mainPid) && mainPid > 0),
      "a process number",
    );
    must(extendMs === undefined || (extendMs >= 0 && extendMs < 1e10), "a time");
    must(/^[\x20-\x7e]{0,200}$/.test(status ?? ""), "a plain line");
    return isReady || extendMs !== undefined;
  },
};

const requests: Target = {
  name: "requests about services",
  seeds: bytesOf('{"verb":"start","names":["web","queue@1.service"]}', '{"verb":"ls","names":[]}'),
  check(input) {
    try {
      const { names } = parseRequest(text(input));
      must(
        names.every((name) => !name.includes("/") && name !== ""),
        "names are names",
      );
      return true;
    } catch (error) {
      must(
        error instanceof Error && !error.message.includes("\n"),
        `refused in one line: ${error}`,
      );
      return false;
    }
  },
};

export const quadletTargets = [units, messages, requests] as const;
