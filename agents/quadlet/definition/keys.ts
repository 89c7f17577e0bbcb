/** What is done with a key of a unit: honoured, needless here, left out (what instead), or refused (why). */
export type KeyKind = "honoured" | "needless" | { leftOut: string } | { refused: string };

/** Keys of a section, in words, and what is done with them. A pattern where systemd has many that begin alike. */
type Row = readonly [section: string, keys: string | RegExp, kind: KeyKind];

const restartInstead = { leftOut: "there is no reload; restart the service" };
const goesOn = { leftOut: "the machine goes on" };
const asPolicy = { leftOut: "each restart waits for RestartSec=" };

/** As systemd names them (systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5)). The first row counts. */
const rows: readonly Row[] = [
  [
    "Unit",
    "Description SourcePath After Before Wants Requires BindsTo PartOf StartLimitIntervalSec StartLimitBurst ConditionPathExists",
    "honoured",
  ],
  // The data disk is there before any service is started, or there is none.
  ["Unit", "RequiresMountsFor WantsMountsFor Documentation DefaultDependencies", "needless"],
  ["Unit", "OnFailure OnSuccess", { leftOut: "nothing is started when it ends" }],
  ["Unit", "Upholds", { leftOut: "use Wants= and Restart=always in the other service" }],
  ["Unit", "Requisite", { refused: "use Requires= and After=" }],
  ["Unit", "Conflicts", { refused: "nothing is stopped when it starts" }],
  ["Unit", "StartLimitAction FailureAction SuccessAction", goesOn],
  ["Unit", "PropagatesReloadTo ReloadPropagatedFrom", restartInstead],
  ["Unit", "StopWhenUnneeded", { leftOut: "it goes on until it is stopped" }],
  ["Unit", "RefuseManualStart RefuseManualStop", { leftOut: "it obeys whoever asks" }],
  ["Unit", /^(Condition|Assert)/, { refused: "this condition isn't known here" }],
  ["Unit", /^Job/, { leftOut: "use TimeoutStartSec=" }],
  [
    "Service",
    "Type PIDFile RemainAfterExit ExecStart ExecStartPre ExecStartPost ExecStop ExecStopPost Environment EnvironmentFile UnsetEnvironment WorkingDirectory Restart RestartSec SuccessExitStatus RestartPreventExitStatus RestartForceExitStatus TimeoutStartSec TimeoutStopSec TimeoutSec KillMode StartLimitInterval StartLimitBurst",
    "honoured",
  ],
  // Everybody may tell of a service who can write to its socket: its owner's processes.
  ["Service", "NotifyAccess Delegate SyslogIdentifier GuessMainPID", "needless"],
  ["Service", "ExecReload", restartInstead],
  [
    "Service",
    "ExecCondition",
    { refused: "use ConditionPathExists=, or ExecStartPre= that fails" },
  ],
  [
    "Service",
    "User Group SupplementaryGroups DynamicUser",
    { refused: "a user's service belongs into that user's own folder" },
  ],
  ["Service", "Slice", { leftOut: "services have no slices here" }],
  ["Service", "StandardOutput StandardError", { leftOut: "what it prints is in its log" }],
  ["Service", "StandardInput", { refused: "services have no input" }],
  ["Service", "PassEnvironment", { leftOut: "use Environment=" }],
  ["Service", "KillSignal", { leftOut: "SIGTERM is sent; containers have StopSignal=" }],
  ["Service", "SendSIGHUP", { leftOut: "SIGTERM alone is sent" }],
  [
    "Service",
    "SendSIGKILL FinalKillSignal TimeoutStopFailureMode",
    { leftOut: "what doesn't stop in time is killed" },
  ],
  ["Service", "TimeoutAbortSec", { leftOut: "nothing is aborted" }],
  ["Service", "TimeoutStartFailureMode", { leftOut: "it is ended as by a stop" }],
  ["Service", "RuntimeMaxSec", { leftOut: "it runs for as long as it likes" }],
  [
    "Service",
    "WatchdogSec",
    { leftOut: "use HealthCmd= with HealthOnFailure=kill of [Container]" },
  ],
  ["Service", "RestartSteps RestartMaxDelaySec RestartMode", asPolicy],
  ["Service", "SuccessAction", goesOn],
  ["Service", "Nice UMask", { leftOut: "use PodmanArgs=" }],
  [
    "Service",
    /^(CPU|Memory|IO|Tasks|Allowed|Startup|Device|IPA|Managed|BlockIO|NUMA|OOM)/,
    { leftOut: "limits of the service's group: use PodmanArgs= or Memory= of [Container]" },
  ],
  [
    "Service",
    /^(Protect|Private|Restrict|ReadOnly|ReadWrite|ReadExec|Inaccessible|NoExec|Bind|Temporary|System|NoNew|Lock|Capability|Ambient|Secure|Root|Mount|RemoveIPC|Keyring|NetworkNamespace|LoadCredential|SetCredential|Import|Runtime|State|Cache|LogsD|Configuration)/,
    { refused: "this system has no sandboxes for services; containers have their own options" },
  ],
  ["Service", /^Limit/, { leftOut: "use Ulimit= of [Container]" }],
  ["Service", /^(Log|Syslog)/, { leftOut: "there is no journal" }],
  ["Install", "WantedBy RequiredBy DefaultInstance", "honoured"],
  ["Install", "UpheldBy", { leftOut: "use WantedBy= and Restart=always" }],
  ["Install", "Alias", { leftOut: "it has the one name" }],
  ["Install", "Also", { leftOut: "name each in its own [Install]" }],
];

/** Keys that no row knows are refused: they may be what the service relies on. Sections "X-…" aren't systemd's. */
export function keyKind(section: string, key: string): KeyKind {
  if (section.startsWith("X-") || key.startsWith("X-")) {
    return "needless";
  }
  const ofSection = rows.filter(([name]) => name === section);
  if (ofSection.length === 0) {
    return { refused: `the section [${section}] isn't known here` };
  }
  const row = ofSection.find(([, keys]) =>
    typeof keys === "string" ? keys.split(" ").includes(key) : keys.test(key),
  );
  return row?.[2] ?? { refused: "this key isn't known here" };
}
