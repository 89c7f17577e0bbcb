import { describe, expect, test } from "vitest";
import { allValues, lastValue, parseUnit } from "./parse-unit.ts";
import { expandSpecifiers } from "./specifiers.ts";
import { splitWords } from "./split-words.ts";
import { timeSpanMs } from "./time-span.ts";

describe("a unit file", () => {
  test("has sections, comments, and lines that go on in the next one", () => {
    const unit = parseUnit(
      "# one\n[Service]\nExecStart=/bin/a \\\n# between\n  b \\\n\tc\n; two\n\n[Unit]\nAfter = x.service \n[Service]\nType=oneshot\n",
    );
    expect(unit.get("Service")).toEqual([
      { key: "ExecStart", value: "/bin/a  b  c" },
      { key: "Type", value: "oneshot" },
    ]);
    expect(lastValue(unit, "Unit", "After")).toBe("x.service");
  });

  test("adds up values of a key, and an empty one takes back what was before it", () => {
    const unit = parseUnit("[Service]\nE=a\nE=b\nE=\nE=c\nE=d\nF=x\nF=\n");
    expect(allValues(unit, "Service", "E")).toEqual(["c", "d"]);
    expect(lastValue(unit, "Service", "F")).toBeUndefined();
    expect(allValues(unit, "Other", "E")).toEqual([]);
  });

  test.each([
    ["Key=1", "line 1 is in no section"],
    ["[A]\nnonsense", "line 2 is neither"],
    ["[A]\n=x", "line 2 is neither"],
    ["[A\nB=1", "line 1 is neither"],
    ["[A]\nB=1\\", "ends with a backslash"],
    ["[A]\nB=\u0001", "control character"],
    [`[A]\nB=${"x".repeat(300_000)}`, "longer than"],
    [`[A]\n${"B=1\n".repeat(5000)}`, "more than 4096 assignments"],
  ])("is refused in words: %j", (text, why) => {
    expect(() => parseUnit(text)).toThrow(why);
  });
});

describe("words of a value", () => {
  test.each([
    ["a  b\tc", ["a", "b", "c"]],
    ["\"two words\" 'it''s' x\"y z\"", ["two words", "its", "xy z"]],
    ['"a \\"b\\" \\\\ \\x41\\101\\u00e9" \\s', ['a "b" \\ AA\u00e9', " "]],
    ["/bin/a ; /bin/b", ["/bin/a", undefined, "/bin/b"]],
    ["find \\;", ["find", ";"]],
    ['";"', [";"]],
    ["", []],
    ['"" x', ["", "x"]],
  ])("%j", (value, words) => {
    expect(splitWords(value)).toEqual(words);
  });

  test.each([
    ['"open', "isn't closed"],
    ["\\q", "\\q is no escape"],
    ["a\\", "is no escape"],
    ["\\x00", "is no escape"],
    ["\\UFFFFFFFF", "is no escape"],
  ])("%j are refused", (value, why) => {
    expect(() => splitWords(value)).toThrow(why);
  });
});

describe("specifiers", () => {
  const root = { name: "root", uid: 0, gid: 0, home: "/root" };
  const tc = { name: "tc", uid: 1000, gid: 50, home: "/home/tc" };
  const values = { hostName: "box.lan", sourcePath: "/etc/containers/systemd/q@.container" };

  test.each([
    ["%n %N %p %i %I", "my-q@a-b.service my-q@a-b my-q a-b a/b"],
    ["%t/%N.cid %S %h %u %U", "/run/my-q@a-b.cid /var/lib /root root 0"],
    ["%% %H %l %T %V %j", "% box.lan box /tmp /var/tmp q"],
    ["%Y", "/etc/containers/systemd"],
  ])("of root's: %j", (text, expanded) => {
    const unitName = "my-q@a-b.service";
    expect(expandSpecifiers(text, { ...values, unitName, user: root })).toBe(expanded);
  });

  test("of a user's lead into that user's folders", () => {
    const unitName = "web.service";
    expect(expandSpecifiers("%t %E %i|", { ...values, unitName, user: tc })).toBe(
      "/run/user/1000 /home/tc/.config |",
    );
  });

  test.each(["%Z", "50%", "%"])("%j isn't guessed", (text) => {
    const given = { ...values, unitName: "web.service", user: tc };
    expect(() => expandSpecifiers(text, given)).toThrow("write %% for a percent sign");
  });
});

test.each([
  ["90", 90_000],
  ["5min 20s", 320_000],
  ["1h2m", 3_720_000],
  ["250ms", 250],
  ["1.5s", 1500],
  ["infinity", Number.POSITIVE_INFINITY],
])("the time span %j is %d ms", (text, ms) => {
  expect(timeSpanMs(text)).toBe(ms);
});

test.each(["", "soon", "5 apples", "-1", "1s!"])("%j is no time span", (text) => {
  expect(() => timeSpanMs(text)).toThrow("is no time span");
});
