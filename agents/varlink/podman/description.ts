/** The interface io.podman of Podman 1.9, in Varlink's language. */
export const podmanDescription = `# Podman, as its version 1 was spoken to; answered from Podman 5 by its REST socket.
interface io.podman

type Volume (
  name: string, labels: [string]string, mountPoint: string, driver: string,
  options: [string]string
)
type NotImplemented (comment: string)
type StringResponse (message: string)
type RemoveImageResponse (untagged: []string, deleted: string)
type LogLine (device: string, parseLogType: string, time: string, msg: string, cid: string)
type ContainerChanges (changed: []string, added: []string, deleted: []string)
type ImageSaveOptions (
  name: string, format: string, output: string, outputType: string, moreTags: []string,
  quiet: bool, compress: bool
)
type VolumeCreateOpts (
  volumeName: string, driver: string, labels: [string]string, options: [string]string
)
type VolumeRemoveOpts (volumes: []string, all: bool, force: bool)
type Image (
  id: string, digest: string, digests: []string, parentId: string, repoTags: []string,
  repoDigests: []string, created: string, size: int, virtualSize: int, containers: int,
  labels: [string]string, isParent: bool, topLayer: string, readOnly: bool, history: []string
)
type ImageHistory (
  id: string, created: string, createdBy: string, tags: []string, size: int, comment: string
)
type ImageSearchResult (
  description: string, is_official: bool, is_automated: bool, registry: string, name: string,
  star_count: int
)
type ImageSearchFilter (is_official: ?bool, is_automated: ?bool, star_count: int)
type AuthConfig (username: string, password: string)
type KubePodService (pod: string, service: string)
type Container (
  id: string, image: string, imageid: string, command: []string, createdat: string,
  runningfor: string, status: string, ports: []ContainerPortMappings, rootfssize: int,
  rwsize: int, names: string, labels: [string]string, mounts: []ContainerMount,
  containerrunning: bool, namespaces: ContainerNameSpace
)
type ContainerStats (
  id: string, name: string, cpu: float, cpu_nano: int, system_nano: int, mem_usage: int,
  mem_limit: int, mem_perc: float, net_input: int, net_output: int, block_output: int,
  block_input: int, pids: int
)
type PsOpts (
  all: bool, filters: ?[]string, last: ?int, latest: ?bool, noTrunc: ?bool, pod: ?bool,
  quiet: ?bool, size: ?bool, sort: ?string, sync: ?bool
)
type PsContainer (
  id: string, image: string, command: string, created: string, ports: string, names: string,
  isInfra: bool, status: string, state: string, pidNum: int, rootFsSize: int, rwSize: int,
  pod: string, createdAt: string, exitedAt: string, startedAt: string, labels: [string]string,
  nsPid: string, cgroup: string, ipc: string, mnt: string, net: string, pidNs: string,
  user: string, uts: string, mounts: string
)
type ContainerMount (destination: string, type: string, source: string, options: []string)
type ContainerPortMappings (
  host_port: string, host_ip: string, protocol: string, container_port: string
)
type ContainerNameSpace (
  user: string, uts: string, pidns: string, pid: string, cgroup: string, net: string,
  mnt: string, ipc: string
)
type InfoDistribution (distribution: string, version: string)
type InfoHost (
  buildah_version: string, distribution: InfoDistribution, mem_free: int, mem_total: int,
  swap_free: int, swap_total: int, arch: string, cpus: int, hostname: string, kernel: string,
  os: string, uptime: string, eventlogger: string
)
type InfoGraphStatus (
  backing_filesystem: string, native_overlay_diff: string, supports_d_type: string
)
type InfoRegistry (search: []string, insecure: []string, blocked: []string)
type InfoStore (
  containers: int, images: int, graph_driver_name: string, graph_driver_options: string,
  graph_root: string, graph_status: InfoGraphStatus, run_root: string
)
type InfoPodmanBinary (
  compiler: string, go_version: string, podman_version: string, git_commit: string
)
type PodmanInfo (
  host: InfoHost, registries: InfoRegistry, store: InfoStore, podman: InfoPodmanBinary
)
type Sockets (container_id: string, io_socket: string, control_socket: string)
type Create (
  args: []string, addHost: ?[]string, annotation: ?[]string, attach: ?[]string,
  blkioWeight: ?string, blkioWeightDevice: ?[]string, capAdd: ?[]string, capDrop: ?[]string,
  cgroupParent: ?string, cidFile: ?string, conmonPidfile: ?string, command: ?[]string,
  cpuPeriod: ?int, cpuQuota: ?int, cpuRtPeriod: ?int, cpuRtRuntime: ?int, cpuShares: ?int,
  cpus: ?float, cpuSetCpus: ?string, cpuSetMems: ?string, detach: ?bool, detachKeys: ?string,
  device: ?[]string, deviceReadBps: ?[]string, deviceReadIops: ?[]string,
  deviceWriteBps: ?[]string, deviceWriteIops: ?[]string, dns: ?[]string, dnsOpt: ?[]string,
  dnsSearch: ?[]string, dnsServers: ?[]string, entrypoint: ?string, env: ?[]string,
  envFile: ?[]string, expose: ?[]string, gidmap: ?[]string, groupadd: ?[]string,
  healthcheckCommand: ?string, healthcheckInterval: ?string, healthcheckRetries: ?int,
  healthcheckStartPeriod: ?string, healthcheckTimeout: ?string, hostname: ?string,
  imageVolume: ?string, init: ?bool, initPath: ?string, interactive: ?bool, ip: ?string,
  ipc: ?string, kernelMemory: ?string, label: ?[]string, labelFile: ?[]string,
  logDriver: ?string, logOpt: ?[]string, macAddress: ?string, memory: ?string,
  memoryReservation: ?string, memorySwap: ?string, memorySwappiness: ?int, name: ?string,
  network: ?string, noHosts: ?bool, oomKillDisable: ?bool, oomScoreAdj: ?int,
  overrideArch: ?string, overrideOS: ?string, pid: ?string, pidsLimit: ?int, pod: ?string,
  privileged: ?bool, publish: ?[]string, publishAll: ?bool, pull: ?string, quiet: ?bool,
  readonly: ?bool, readonlytmpfs: ?bool, restart: ?string, rm: ?bool, rootfs: ?bool,
  securityOpt: ?[]string, shmSize: ?string, stopSignal: ?string, stopTimeout: ?int,
  storageOpt: ?[]string, subuidname: ?string, subgidname: ?string, sysctl: ?[]string,
  systemd: ?string, tmpfs: ?[]string, tty: ?bool, uidmap: ?[]string, ulimit: ?[]string,
  user: ?string, userns: ?string, uts: ?string, mount: ?[]string, volume: ?[]string,
  volumesFrom: ?[]string, workDir: ?string
)
type BuildOptions (
  addHosts: []string, cgroupParent: string, cpuPeriod: int, cpuQuota: int, cpuShares: int,
  cpusetCpus: string, cpusetMems: string, memory: int, memorySwap: int, shmSize: string,
  ulimit: []string, volume: []string
)
type BuildInfo (
  architecture: string, addCapabilities: []string, additionalTags: []string,
  annotations: []string, buildArgs: [string]string, buildOptions: BuildOptions,
  cniConfigDir: string, cniPluginDir: string, compression: string, contextDir: string,
  defaultsMountFilePath: string, devices: []string, dockerfiles: []string,
  dropCapabilities: []string, err: string, forceRmIntermediateCtrs: bool, iidfile: string,
  label: []string, layers: bool, nocache: bool, os: string, out: string, output: string,
  outputFormat: string, pullPolicy: string, quiet: bool, remoteIntermediateCtrs: bool,
  reportWriter: string, runtimeArgs: []string, signBy: string, squash: bool, target: string,
  transientMounts: []string
)
type MoreResponse (logs: []string, id: string)
type ListPodContainerInfo (name: string, id: string, status: string)
type PodCreate (
  name: string, cgroupParent: string, labels: [string]string, share: []string, infra: bool,
  infraCommand: string, infraImage: string, publish: []string
)
type ListPodData (
  id: string, name: string, createdat: string, cgroup: string, status: string,
  labels: [string]string, numberofcontainers: string, containersinfo: []ListPodContainerInfo
)
type PodContainerErrorData (containerid: string, reason: string)
type Runlabel (
  image: string, authfile: string, display: bool, name: string, pull: bool, label: string,
  extraArgs: []string, opts: [string]string
)
type Event (id: string, image: string, name: string, status: string, time: string, type: string)
type DiffInfo (path: string, changeType: string)
type ExecOpts (
  name: string, tty: bool, privileged: bool, cmd: []string, user: ?string, workdir: ?string,
  env: ?[]string, detachKeys: ?string
)

method GetVersion() -> (
  version: string, go_version: string, git_commit: string, built: string, os_arch: string,
  remote_api_version: int
)
method Reset() -> ()
method GetInfo() -> (info: PodmanInfo)
method ListContainers() -> (containers: []Container)
method Ps(opts: PsOpts) -> (containers: []PsContainer)
method GetContainersByStatus(status: []string) -> (containerS: []Container)
method Top(nameOrID: string, descriptors: []string) -> (top: []string)
method HealthCheckRun(nameOrID: string) -> (healthCheckStatus: string)
method GetContainer(id: string) -> (container: Container)
method GetContainersByContext(all: bool, latest: bool, args: []string) -> (containers: []string)
method CreateContainer(create: Create) -> (container: string)
method InspectContainer(name: string) -> (container: string)
method ListContainerProcesses(name: string, opts: []string) -> (container: []string)
method GetContainerLogs(name: string) -> (container: []string)
method GetContainersLogs(
  names: []string, follow: bool, latest: bool, since: string, tail: int, timestamps: bool
) -> (log: LogLine)
method ListContainerChanges(name: string) -> (container: ContainerChanges)
method ExportContainer(name: string, path: string) -> (tarfile: string)
method GetContainerStats(name: string) -> (container: ContainerStats)
method GetContainerStatsWithHistory(previousStats: ContainerStats) -> (container: ContainerStats)
method StartContainer(name: string) -> (container: string)
method StopContainer(name: string, timeout: int) -> (container: string)
method InitContainer(name: string) -> (container: string)
method RestartContainer(name: string, timeout: int) -> (container: string)
method KillContainer(name: string, signal: int) -> (container: string)
method PauseContainer(name: string) -> (container: string)
method UnpauseContainer(name: string) -> (container: string)
method Attach(name: string, detachKeys: string, start: bool) -> ()
method AttachControl(name: string) -> ()
method GetAttachSockets(name: string) -> (sockets: Sockets)
method WaitContainer(name: string, interval: int) -> (exitcode: int)
method RemoveContainer(name: string, force: bool, removeVolumes: bool) -> (container: string)
method EvictContainer(name: string, removeVolumes: bool) -> (container: string)
method DeleteStoppedContainers() -> (containers: []string)
method ListImages() -> (images: []Image)
method ListImagesWithFilters(filters: []string) -> (images: []Image)
method GetImage(id: string) -> (image: Image)
method BuildImage(build: BuildInfo) -> (image: MoreResponse)
method InspectImage(name: string) -> (image: string)
method HistoryImage(name: string) -> (history: []ImageHistory)
method PushImage(
  name: string, tag: string, compress: bool, format: string, removeSignatures: bool,
  signBy: string
) -> (reply: MoreResponse)
method TagImage(name: string, tagged: string) -> (image: string)
method UntagImage(name: string, tag: string) -> (image: string)
method RemoveImage(name: string, force: bool) -> (image: string)
method RemoveImageWithResponse(name: string, force: bool) -> (response: RemoveImageResponse)
method SearchImages(query: string, limit: ?int, filter: ImageSearchFilter)
  -> (results: []ImageSearchResult)
method DeleteUnusedImages() -> (images: []string)
method Commit(
  name: string, image_name: string, changes: []string, author: string, message: string,
  pause: bool, manifestType: string
) -> (reply: MoreResponse)
method ImportImage(
  source: string, reference: string, message: string, changes: []string, delete: bool
) -> (image: string)
method ExportImage(name: string, destination: string, compress: bool, tags: []string)
  -> (image: string)
method PullImage(name: string, creds: AuthConfig) -> (reply: MoreResponse)
method CreatePod(create: PodCreate) -> (pod: string)
method ListPods() -> (pods: []ListPodData)
method GetPod(name: string) -> (pod: ListPodData)
method InspectPod(name: string) -> (pod: string)
method StartPod(name: string) -> (pod: string)
method StopPod(name: string, timeout: int) -> (pod: string)
method RestartPod(name: string) -> (pod: string)
method KillPod(name: string, signal: int) -> (pod: string)
method PausePod(name: string) -> (pod: string)
method UnpausePod(name: string) -> (pod: string)
method RemovePod(name: string, force: bool) -> (pod: string)
method TopPod(pod: string, latest: bool, descriptors: []string) -> (stats: []string)
method GetPodStats(name: string) -> (pod: string, containers: []ContainerStats)
method GetPodsByStatus(statuses: []string) -> (pods: []string)
method ImageExists(name: string) -> (exists: int)
method ImageTree(name: string, whatRequires: bool) -> (tree: string)
method ContainerExists(name: string) -> (exists: int)
method ContainerCheckpoint(name: string, keep: bool, leaveRunning: bool, tcpEstablished: bool)
  -> (id: string)
method ContainerRestore(name: string, keep: bool, tcpEstablished: bool) -> (id: string)
method ContainerRunlabel(runlabel: Runlabel) -> ()
method ExecContainer(opts: ExecOpts) -> ()
method ListContainerMounts() -> (mounts: [string]string)
method MountContainer(name: string) -> (path: string)
method UnmountContainer(name: string, force: bool) -> ()
method ImagesPrune(all: bool, filter: []string) -> (pruned: []string)
method GenerateKube(name: string, service: bool) -> (pod: KubePodService)
method ContainerConfig(name: string) -> (config: string)
method ContainerArtifacts(name: string, artifactName: string) -> (config: string)
method ContainerInspectData(name: string, size: bool) -> (config: string)
method ContainerStateData(name: string) -> (config: string)
method PodStateData(name: string) -> (config: string)
method CreateFromCC(in: []string) -> (id: string)
method Spec(name: string) -> (config: string)
method SendFile(type: string, length: int) -> (file_handle: string)
method ReceiveFile(path: string, delete: bool) -> (len: int)
method VolumeCreate(options: VolumeCreateOpts) -> (volumeName: string)
method VolumeRemove(options: VolumeRemoveOpts) -> (successes: []string, failures: [string]string)
method GetVolumes(args: []string, all: bool) -> (volumes: []Volume)
method InspectVolume(name: string) -> (volume: string)
method VolumesPrune() -> (prunedNames: []string, prunedErrors: []string)
method ImageSave(options: ImageSaveOptions) -> (reply: MoreResponse)
method GetPodsByContext(all: bool, latest: bool, args: []string) -> (pods: []string)
method LoadImage(name: string, inputFile: string, quiet: bool, deleteFile: bool)
  -> (reply: MoreResponse)
method GetEvents(filter: []string, since: string, until: string) -> (events: Event)
method Diff(name: string) -> (diffs: []DiffInfo)
method GetLayersMapWithImageInfo() -> (layerMap: string)
method BuildImageHierarchyMap(name: string) -> (imageInfo: string)

error ImageNotFound (id: string, reason: string)
error ContainerNotFound (id: string, reason: string)
error NoContainerRunning ()
error PodNotFound (name: string, reason: string)
error VolumeNotFound (id: string, reason: string)
error PodContainerError (podname: string, errors: []PodContainerErrorData)
error NoContainersInPod (name: string)
error InvalidState (id: string, reason: string)
error ErrorOccurred (reason: string)
error RuntimeError (reason: string)
error WantsMoreRequired (reason: string)
error ErrCtrStopped (id: string)
error ErrRequiresCgroupsV2ForRootless (reason: string)
`;
