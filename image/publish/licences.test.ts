import { expect, it } from "vitest";
import { declaredLicence } from "./licences.ts";

const named = (...names: string[]) => names.map((name) => ({ name, text: `text of ${name}` }));

it.each([
  [["GPL-2"], "GPL-2.0-only"],
  [["GPL-2+", "LGPL-2.1+", "LGPL-3"], "GPL-2.0-or-later AND LGPL-2.1-or-later AND LGPL-3.0-only"],
  [["Expat", "MIT"], "MIT"],
  [["BSD-3-clause", "bsd-2-clause", "zlib"], "BSD-2-Clause AND BSD-3-Clause AND Zlib"],
  [["Apache-2.0 or Expat"], "(Apache-2.0 OR MIT)"],
  [["ISC and LGPL-2.1+ or Expat"], "(ISC AND LGPL-2.1-or-later OR MIT)"],
  [
    ["GPL-2 with Linux-syscall-note exception or MIT"],
    "(GPL-2.0-only WITH Linux-syscall-note OR MIT)",
  ],
  [["ISC and Expat", "ISC"], "ISC AND MIT"],
  [["public-domain"], "LicenseRef-tool-public-domain"],
  [["GPL-2+ with own exception"], "LicenseRef-tool-GPL-2-with-own-exception"],
  [["Expat, or ISC and X11"], "LicenseRef-tool-Expat-or-ISC-and-X11"],
])("%j is %s", (names, expression) => {
  expect(declaredLicence("tool", named(...names)).expression).toBe(expression);
});

it("a licence that SPDX doesn't know comes with its text, or with where it is", () => {
  const { extracted } = declaredLicence("tool", [
    { name: "own", text: "Do as you like." },
    { name: "own or other", text: "" },
  ]);
  expect(extracted).toEqual([
    { licenseId: "LicenseRef-tool-own", name: "own", extractedText: "Do as you like." },
    {
      licenseId: "LicenseRef-tool-other",
      name: "other",
      extractedText: "See usr/share/doc/tool/copyright in the package.",
    },
  ]);
});

it.each([undefined, []])("nothing is asserted where nothing is declared: %j", (licences) => {
  expect(declaredLicence("tool", licences)).toEqual({ expression: "NOASSERTION", extracted: [] });
});
