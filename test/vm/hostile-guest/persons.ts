const nobody = { uid: 65534, gid: 65534 };
const isRoot = process.getuid?.() === 0;

/** Who runs this test. */
export const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** An ordinary user of this host. */
export const ordinary = isRoot ? nobody : self;

/** Who runs machines here. */
export const persons = isRoot
  ? [
      { who: "root", person: self },
      { who: "an ordinary user", person: nobody },
    ]
  : [{ who: "an ordinary user", person: self }];
