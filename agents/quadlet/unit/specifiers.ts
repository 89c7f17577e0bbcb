/** Whose service it is, and how it is called: what specifiers stand for (systemd.unit(5), "Specifiers"). */
export interface SpecifierValues {
  /** With its suffix: "web.service", "queue@3.service". */
  unitName: string;
  user: { name: string; uid: number; gid: number; home: string };
  hostName: string;
  sourcePath: string;
}

/** Throws an Error that names a specifier which isn't known here. */
export function expandSpecifiers(text: string, values: SpecifierValues): string {
  return text.replaceAll(/%(.?)/gsu, (_, letter: string) => {
    const value = specifierValue(letter, values);
    if (value === undefined) {
      throw new Error(`the specifier %${letter} is not known here; write %% for a percent sign`);
    }
    return value;
  });
}

function specifierValue(letter: string, values: SpecifierValues): string | undefined {
  const { unitName, user, hostName, sourcePath } = values;
  const isRoot = user.uid === 0;
  switch (letter) {
    case "%":
      return "%";
    case "n":
      return unitName;
    case "N":
      return stem(unitName);
    case "p":
      return prefixOf(unitName);
    case "P":
      return unescaped(prefixOf(unitName));
    case "i":
      return instanceOf(unitName);
    case "I":
      return unescaped(instanceOf(unitName));
    case "j":
      return prefixOf(unitName).replace(/^.*-/s, "");
    case "J":
      return unescaped(prefixOf(unitName).replace(/^.*-/s, ""));
    case "t":
      return isRoot ? "/run" : `/run/user/${user.uid}`;
    case "S":
      return isRoot ? "/var/lib" : `${user.home}/.local/state`;
    case "C":
      return isRoot ? "/var/cache" : `${user.home}/.cache`;
    case "L":
      return isRoot ? "/var/log" : `${user.home}/.local/state/log`;
    case "E":
      return isRoot ? "/etc" : `${user.home}/.config`;
    case "T":
      return "/tmp";
    case "V":
      return "/var/tmp";
    case "h":
      return user.home;
    case "u":
      return user.name;
    case "U":
      return String(user.uid);
    case "G":
      return String(user.gid);
    case "s":
      return "/bin/bash";
    case "H":
      return hostName;
    case "l":
      return hostName.replace(/\..*$/s, "");
    case "y":
      return sourcePath;
    case "Y":
      return sourcePath.replace(/\/[^/]*$/, "") || "/";
    default:
      return undefined;
  }
}

/** "queue@3.service" → "queue@3" */
export function stem(unitName: string): string {
  return unitName.replace(/\.[a-z]+$/, "");
}

function prefixOf(unitName: string): string {
  return stem(unitName).replace(/@.*$/s, "");
}

/** "3" of "queue@3.service"; "" for one without. */
export function instanceOf(unitName: string): string {
  return /@(.*)$/s.exec(stem(unitName))?.[1] ?? "";
}

/** systemd-escape(1): "-" stands for a slash, "\xHH" for a byte. */
function unescaped(text: string): string {
  return text
    .replaceAll("-", "/")
    .replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
}
