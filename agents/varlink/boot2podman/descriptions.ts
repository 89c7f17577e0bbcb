// What these say is what the commands say with --json; tests hold them against the commands' own schemas.

const failed = `
# The command failed that does it; its words
error Failed (reason: string)
`;

const health = `# A container that runs and has a health check
type Health (
  # whose Podman runs it: root, tc
  owner: string,
  name: string,
  id: string,
  # starting, healthy, unhealthy; unknown while Podman can't say
  health: string,
  # checks in a row that failed
  failingStreak: int,
  # why Podman could not check
  trouble: ?string
)
`;

const stage = `# A stage of the boot; times in milliseconds since the kernel started
type Stage (
  stage: string,
  result: (ok, failed, skipped),
  startedMs: float,
  durationMs: float,
  observed: ?object,
  plan: ?object,
  # what was done, in words
  done: []string,
  message: string
)
# The data disk that is mounted
type DataDisk (partition: string, filesystem: string, mount: string)
`;

const more = "to who takes more, again whenever it changes";

/** The descriptions of our own interfaces, by the last word of their names. */
export const descriptions = {
  Status: `# How this machine is: what boot2podman status --json says
interface io.boot2podman.Status

# An option that isn't as it is by default, and who said so
type Setting (name: string, value: string, source: string)
type Service (name: string, pid: int, startedMs: float, failures: int, isRunning: bool)
${stage}${health}type Status (
  version: string,
  hypervisor: string,
  root: (noembed, embed),
  # what /usr lies on, when that isn't RAM
  usrDisk: ?string,
  dataDisk: ?DataDisk,
  # plain sh brought the system up, without the agents
  isFallback: bool,
  settings: []Setting,
  services: []Service,
  health: []Health,
  stages: []Stage,
  warnings: []string
)

# The status now; ${more}
method Get() -> (status: Status)
${failed}`,

  Health: `# How healthy containers are, as their last checks left them
interface io.boot2podman.Health

${health}
# All that run and have a check; ${more}
method List() -> (containers: []Health)
${failed}`,

  Disks: `# The data disk: which disks were found, what was decided about each, and what was done
interface io.boot2podman.Disks

${stage}type Partition (
  name: string,
  node: string,
  number: int,
  startBytes: int,
  sizeBytes: int,
  readOnly: bool,
  inUse: ?string,
  content: object
)
type Disk (
  name: string,
  node: string,
  kind: (disk, optical, floppy, virtual),
  sizeBytes: int,
  sectorBytes: int,
  readOnly: bool,
  removable: bool,
  discards: bool,
  # who uses it: what of it is mounted, or swap
  inUse: ?string,
  content: object,
  # the request to be formatted, with what comes along
  magic: ?object,
  partitions: []Partition
)
# Why a disk is not used; row is a case of the table in docs/data-disk.md
type Note (disk: string, row: string, message: string)
type Plan (row: ?string, message: string, steps: []string, notes: []Note)

# What this boot found, decided and did, and what is mounted now; ${more}
method Get() -> (boot: ?Stage, dataDisk: ?DataDisk)

# What would be done now: automount --dry-run. Nothing is written. At root's socket alone
method DryRun() -> (options: object, disks: []Disk, plan: Plan, warnings: []string)

# Does that, which may format a disk that asks for it: automount. At root's socket alone
method SetUp() -> (
  result: (ok, failed, skipped),
  message: string,
  observed: []string,
  plan: Plan,
  done: []string
)
${failed}`,

  Keys: `# SSH: the host's own keys, and who may log in
interface io.boot2podman.Keys

type KeyType (ed25519, ecdsa, rsa)
# bits and fingerprint are those of a sound one
type HostKey (
  type: KeyType,
  state: (sound, missing, unusable),
  bits: ?int,
  fingerprint: ?string
)
type AuthorizedKey (
  type: string,
  bits: int,
  fingerprint: string,
  comment: string,
  options: string,
  # user: the user and root; root: root alone
  for: (user, root),
  # the file or the source that brings it
  from: string,
  # now, or from or until which boot
  counts: string
)
type MadeKey (type: KeyType, fingerprint: string, keptAs: string)

# What sshkeys list --json says; ${more}
method List() -> (
  # whether the host keys outlast this boot
  isOnDisk: bool,
  host: []HostKey,
  authorized: []AuthorizedKey,
  warnings: []string
)

# Makes new host keys, all without types, and keeps the old ones under other names: sshkeys rotate. At root's socket alone
method Rotate(types: []KeyType) -> (isOnDisk: bool, made: []MadeKey)
${failed}`,

  Extensions: `# Programs, libraries and kernel modules beside the image's: boot2podman extension
interface io.boot2podman.Extensions

type Extension (
  name: string,
  version: string,
  sizeBytes: int,
  # whether it is in /usr now, and whether it will be at the next boot
  isLoaded: bool,
  isOnboot: bool,
  path: string,
  needs: []string,
  notes: []string
)

# Those that are here; ${more}
method List() -> (extensions: []Extension)

# As the commands of these names, rm for Remove; done and problems are names and lines. At root's socket alone
${["Add", "Remove", "Load", "Unload", "Enable", "Disable", "Update"]
  .map((name) => `method ${name}(names: []string) -> (done: []string, problems: []string)\n`)
  .join("")}${failed}`,
} as const;

/** The last word of an interface of ours. */
export type OwnName = keyof typeof descriptions;
