import { expect, it } from "vitest";
import { namedLicences } from "./copyright.ts";

const head = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n";

it("each licence is told once, with its text wherever it stands", () => {
  const text = [
    `${head}Source: x`,
    "Files: *\nCopyright: 2026 A\n 2025 B\nLicense: GPL-2+",
    "Files: a\nLicense:  Expat   or GPL-2+",
    "License: GPL-2+\n This program is free.\n .\n It comes without warranty.",
    "Files: b\nLicense: own\n Do as you like.\nComment: none",
  ].join("\n\n");
  expect(namedLicences(text)).toEqual([
    { name: "Expat or GPL-2+", text: "" },
    { name: "GPL-2+", text: "This program is free.\n\nIt comes without warranty." },
    { name: "own", text: "Do as you like." },
  ]);
});

it.each([
  "",
  "This is free software. License: GPL-2",
  "Format: https://example.org/2.0\n\nLicense: X",
])("a text that no program can read tells none: %j", (text) => {
  expect(namedLicences(text)).toBeUndefined();
});
