import type { SshTarget } from "../../ssh/client.ts";
import type {
  DriverName,
  NewSettings,
  Settings,
  SettingsChange,
} from "../../store/driver-config.ts";
import type { Machine, MachinePlace } from "../../store/machines.ts";
import type { TemplateFiles } from "../../store/templates.ts";

/** The words for what a machine is doing, as `ls` prints them. */
export type MachineState =
  | "Running"
  | "Paused"
  | "Saved"
  | "Stopped"
  | "Stopping"
  | "Starting"
  | "Error"
  | "Timeout";

/** What was found of a machine. */
export interface Observed {
  readonly state: MachineState;
  /** Why the state is Error, Timeout or Paused, and what to do. */
  readonly error?: string;
  /** The guest is held, and goes on by the driver's `resume`. */
  readonly canGoOn?: boolean;
}

/** Where a driver says what it is doing. */
export interface Report {
  /** A line about a step. */
  line(text: string): void;
  /** A line about something that a person should know though the work goes on. */
  warn(text: string): void;
  /** How far a step is, for a person who watches: it takes the place of the one before. */
  progress(text: string): void;
  /** A stage of the guest's boot that has finished; `result` is ok, failed or skipped. */
  stage(stage: { name: string; result: string; durationMs: number }): void;
}

/** What `set` changes of a machine's settings; each driver makes use of some of them. */
export type WantedSettings = Partial<
  Pick<
    Settings<"qemu">,
    "Memory" | "CPU" | "DiskSize" | "Shares" | "Publish" | "KernelArguments" | "Accelerator"
  >
>;

/** An image that a machine is to boot. */
export interface WantedImage {
  /** The folder or archive that was named; undefined: the machine's own. */
  readonly image: string | undefined;
  /** True for the image that ran before. */
  readonly rollback: boolean;
  /** The folder for machines that have none: those made by the podman-machine before. */
  readonly usual: string;
}

/** The image that a machine boots from now on. */
export interface ChosenImage<N extends DriverName> {
  readonly id: string;
  readonly version: string;
  /** False when it is what the machine booted last. */
  readonly isOther: boolean;
  /** What the choice changes of the machine. */
  readonly settings: SettingsChange<N>;
  /** What brings back the image that it booted last. */
  readonly wayBack: SettingsChange<N>;
}

/** What was saved of a guest, beside the files. */
export interface SavedGuest {
  /** The name of the file with the disk as it was. */
  readonly base: string;
  readonly hardware: Readonly<Record<string, string>>;
  readonly imageId: string;
  readonly imageVersion: string;
  readonly hostKeys: readonly string[];
  /** For how long the guest was stopped. */
  readonly stoppedMs: number;
}

/** As whom a guest goes on from a template. */
export interface Waking {
  readonly template: string;
  /** Whether it keeps the template's host keys. */
  readonly sameKeys: boolean;
  /** The machine that was saved, as it was: with its name and its keys. */
  readonly isSame: boolean;
  /** Whether this host can talk to an agent in the guest. */
  readonly hasAgent: boolean;
  /** The words of a program that runs once the machine is off, in whatever way. */
  readonly afterwards?: readonly string[] | undefined;
}

/** What can be done with a machine that is known by its folder alone. Needs no lock. */
export interface ByFolder {
  /** Whether a process of this driver's runs from there, and what it does. */
  observe(place: MachinePlace, timeoutMs: number): Promise<Observed>;
  /** Switches it off at once. */
  kill(place: MachinePlace): Promise<void>;
}

/**
 * What a machine lives on. Methods are called with the machine's lock held
 * unless they say that they need none.
 */
export interface Driver<N extends DriverName = DriverName> {
  /** True when its machines are changed and switched on and off from here; others are reached, and leave the list. */
  readonly isOurs: boolean;
  /** Whether its machines can be logged in to over SSH. */
  readonly hasLogin: boolean;
  /** The flags of `create` that it makes use of beside those of every driver, by their long names without dashes. */
  readonly flags: readonly string[];
  /** Whether a port of this host leads to the machine's sshd. */
  forwardsPort(settings: NewSettings<N>): boolean;
  /** Whether the guest has to be told its host name, since it doesn't learn it by its boot. */
  needsHostname(machine: Machine<N>): boolean;
  /** The address under which `ls` shows a machine that runs. */
  url(machine: Machine<N>): string;
  /** Looks at what is really there; a broken machine is a state, not an error. Needs no lock. */
  observe(machine: Machine<N>, timeoutMs: number): Promise<Observed>;
  /**
   * Makes what the machine needs besides its config: called once, in a folder that becomes the
   * machine's own when all went well.
   */
  prepare(machine: Machine<N>, report: Report): Promise<void>;
  /** Throws when the host lacks what a start needs: programs, the image. Changes nothing. */
  check(machine: Machine<N>): Promise<void>;
  /** Starts a stopped machine; resolves when it runs, which is before its system is up. */
  launch(machine: Machine<N>, report: Report): Promise<void>;
  /** Resolves when the guest can be used. Needs no lock. */
  waitUntilReady(
    machine: Machine<N>,
    options: { timeoutMs: number | undefined; report: Report },
  ): Promise<void>;
  /** Shuts the guest down; when it doesn't in time, says so and switches it off. */
  stop(machine: Machine<N>, options: { timeoutMs: number; report: Report }): Promise<void>;
  /** Lets a guest that is held go on. Throws when what holds it is still there. */
  resume?(machine: Machine<N>): Promise<void>;
  /** Holds a guest that runs. */
  pause?(machine: Machine<N>): Promise<void>;
  /**
   * Saves a guest that runs, into a folder that becomes a template's; it goes on, whatever fails. A driver without it
   * can't.
   */
  save?(machine: Machine<N>, into: TemplateFiles, report: Report): Promise<SavedGuest>;
  /**
   * Lets a stopped machine go on from a template, with a disk and an identity of its own; resolves when it can be used.
   * Throws when this host can't, and says why.
   */
  wake?(machine: Machine<N>, waking: Waking, report: Report): Promise<void>;
  /** What mounts the shares of a machine that goes on from a template, for root's shell there. */
  mountScript?(machine: Machine<N>): string;
  /** Restarts it where a stop and a start can't do that. */
  restart?(machine: Machine<N>, options: { timeoutMs: number; report: Report }): Promise<void>;
  /** Switches it off at once. Needs no lock. */
  kill(machine: Machine<N>): Promise<void>;
  /**
   * The settings that a change comes to. Throws for what the machine makes no use of: who sets it would take it for
   * done.
   */
  settingsFor(machine: Machine<N>, wanted: WantedSettings): SettingsChange<N>;
  /** Makes the disk of a stopped machine larger; a driver without it has no disk to grow. The unit is MiB. */
  growDisk?(machine: Machine<N>, sizeMib: number): Promise<void>;
  /**
   * Chooses what it boots; a driver without it has one image only. All of the image is checked, and laid where nothing
   * changes it: throws when it isn't whole, and has touched nothing of the machine.
   */
  chooseImage?(machine: Machine<N>, wanted: WantedImage, report: Report): Promise<ChosenImage<N>>;
  /** For machines without a sound config.json; a driver without it knows none by their folder. */
  readonly byFolder?: ByFolder;
  /** Takes away what of the machine lies outside its folder. Called while it is off. */
  remove(machine: Machine<N>): Promise<void>;
  /** Where to log in. */
  sshTarget(machine: Machine<N>, user?: string): SshTarget;
}
