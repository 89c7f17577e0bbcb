import { findUser } from "../accounts/find-user.ts";
import { type Command, UsageError } from "../command/command.ts";
import { parseWords } from "../command/parse-words.ts";
import { readSettings } from "../settings/settings.ts";
import { type CheckedStore, checkStore } from "./check/check-store.ts";
import { reportLine } from "./check/report.ts";
import { planRemovals, planRepairs } from "./repair/plan-repair.ts";
import { removeRemains, repair } from "./repair/repair.ts";
import { isUsed, storesOf } from "./stores/stores.ts";

const help = `check-stores: compares the layers of images with the checksums that Podman recorded for them.

  check-stores               root's images and containers, and the user's
  check-stores --since MS    only layers that were made since then, in milliseconds of Unix time
  check-stores --repair      remove incomplete entries; pull damaged images again that no container uses and whose registry still has them
  --json                     the same as JSON

The check takes none of Podman's locks and removes nothing. Exit status 0: no damage; 1: something is damaged.`;

/** The command `check-stores`. A process of its own, since it reads much and takes its time. */
export const checkStoresCommand: Command = {
  name: "check-stores",
  help,
  async run(words, kernel, terminal) {
    const { flags, values, operands } = parseWords(words, {
      json: "flag",
      repair: "flag",
      since: "value",
    });
    const since = Number(values.get("since") ?? "0");
    if (operands.length > 0 || !Number.isSafeInteger(since) || since < 0) {
      throw new UsageError(`expected [--since MS] [--repair] [--json], found "${words.join(" ")}"`);
    }
    const { options } = await readSettings(kernel);
    const checked: CheckedStore[] = [];
    const repaired: string[] = [];
    for (const store of storesOf(findUser(kernel, options.user))) {
      if (!isUsed(kernel, store)) {
        continue;
      }
      let found = await checkStore(kernel, store, since);
      const removals = flags.has("repair") ? planRemovals(found) : [];
      for (const remains of removals) {
        repaired.push(await removeRemains(kernel, store, remains));
      }
      const repairs = flags.has("repair") ? planRepairs(found) : [];
      for (const wanted of repairs) {
        repaired.push(await repair(kernel, store, wanted));
      }
      if (removals.length + repairs.length > 0) {
        found = await checkStore(kernel, store, since);
      }
      checked.push(found);
    }
    terminal.out(
      flags.has("json")
        ? JSON.stringify({ stores: checked, repaired })
        : [...repaired, reportLine(checked)].join("; "),
    );
    return checked.every(({ damaged }) => damaged.length === 0) ? 0 : 1;
  },
};
