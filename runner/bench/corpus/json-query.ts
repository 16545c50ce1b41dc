/** The score of json-query. JSONata's own test suite is not part of its package. */
import { isDeepStrictEqual } from "node:util";
import jsonQuery from "../../src/plugins/json-query/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

const SHOP = {
  shop: "Corner",
  orders: [
    {
      id: 1,
      by: "ann",
      lines: [
        { sku: "a", price: 2.5, count: 4 },
        { sku: "b", price: 10, count: 1 },
      ],
    },
    { id: 2, by: "bob", lines: [{ sku: "a", price: 2.5, count: 2 }] },
    { id: 3, by: "ann", lines: [] },
  ],
  tags: ["x", "y", "x"],
  none: null,
  constructor: "own",
  when: "2024-03-31T01:30:00+01:00",
};

/** Each expression with the value that it must give on SHOP. */
const VALUES: Readonly<Record<string, readonly (readonly [string, unknown])[]>> = {
  paths: [
    ["shop", "Corner"],
    ["orders.id", [1, 2, 3]],
    ["orders[0].by", "ann"],
    ["orders[-1].id", 3],
    ["orders.lines.sku", ["a", "b", "a"]],
    ["orders[1].lines[].sku", ["a"]],
    ["orders.lines[price > 5].sku", "b"],
    ["orders[by = 'ann'].id", [1, 3]],
    ["**.sku", ["a", "b", "a"]],
    [
      "orders.{'n': id, 'c': $count(lines)}",
      [
        { n: 1, c: 2 },
        { n: 2, c: 1 },
        { n: 3, c: 0 },
      ],
    ],
    ["nothing", null],
    ["none", null],
    ["$exists(none)", true],
    ["$exists(nothing)", false],
    ["constructor", "own"],
    ["toString", null],
    ["orders.lines.%.by", ["ann", "ann", "bob"]],
  ],
  lists: [
    ["$sum(orders.lines.(price * count))", 25],
    ["$max(orders.id)", 3],
    ["$average(orders.lines.price)", 5],
    ["$distinct(tags)", ["x", "y"]],
    ["orders^(>id).id", [3, 2, 1]],
    ["orders^(by, >id).id", [3, 1, 2]],
    ["orders{by: $count(id)}", { ann: 2, bob: 1 }],
    ["$map(tags, $uppercase)", ["X", "Y", "X"]],
    ["$filter(orders, function($o){$count($o.lines) > 0}).id", [1, 2]],
    ["$reduce([1..5], function($a, $b){$a * $b})", 120],
    [
      "$zip([1, 2], ['a', 'b'])",
      [
        [1, "a"],
        [2, "b"],
      ],
    ],
    ["$append([1], [2, 3])", [1, 2, 3]],
    ["[1..3]", [1, 2, 3]],
    ["$reverse([1..3])", [3, 2, 1]],
    ["$sort([3, 1, 2], function($l, $r){$l < $r})", [3, 2, 1]],
    ["$keys({'a': 1, 'b': 2})", ["a", "b"]],
    ["$merge([{'a': 1}, {'b': 2}])", { a: 1, b: 2 }],
    ["$lookup($, 'shop')", "Corner"],
    ["$single(orders, function($o){$o.id = 2}).by", "bob"],
  ],
  texts: [
    ["shop & '!'", "Corner!"],
    ["$pad('7', -3, '0')", "007"],
    ["$pad('é', 3, '-')", "é--"],
    ["$join(tags, '+')", "x+y+x"],
    ["$split('a,b', ',')", ["a", "b"]],
    ["$replace('a1b2', /[0-9]/, '#')", "a#b#"],
    ["$match('ab12', /[0-9]+/).match", "12"],
    ["$contains(shop, /^corn/i)", true],
    ["$substringAfter('a=b', '=')", "b"],
    ["$trim('  a   b ')", "a b"],
    ["$length('é😀')", 2],
    ["$string({'a': [1, true, null]})", '{"a":[1,true,null]}'],
    ["$base64decode($base64encode('hé'))", "hé"],
    ["$encodeUrlComponent('a b/é')", "a%20b%2F%C3%A9"],
    ["$formatNumber(1234.5, '#,##0.00')", "1,234.50"],
    ["$formatInteger(1999, 'I')", "MCMXCIX"],
    ["$formatBase(255, 16)", "ff"],
    ["$eval('1 + 2')", 3],
  ],
  numbers: [
    ["7 % 3", 1],
    ["$round(2.5)", 2],
    ["$power(2, 10)", 1024],
    ["$number('0x1f')", 31],
    ["9007199254740991", 9007199254740991],
    ["$sqrt(16)", 4],
    ["2 in [1, 2]", true],
    ["($f := function($x){$x <= 1 ? 1 : $x * $f($x - 1)}; $f(20))", 2432902008176640000],
    ["($s := function($n, $sum){$n = 0 ? $sum : $s($n - 1, $sum + $n)}; $s(5000, 0))", 12502500],
  ],
  times: [
    ["$toMillis(when)", Date.parse(SHOP.when)],
    ["$fromMillis(0)", "1970-01-01T00:00:00.000Z"],
    ["$fromMillis(0, '[D01].[M01].[Y0001]', '+0200')", "01.01.1970"],
    ["$toMillis('31/03/2024', '[D01]/[M01]/[Y0001]')", Date.UTC(2024, 2, 31)],
  ],
};

/** Each expression with what its error must say. */
const ERRORS: readonly (readonly [string, RegExp])[] = [
  ["a.(b", /not valid at character 4/],
  ["1 + 'a'", /failed at character 3/],
  ["1 / 0", /returns Infinity/],
  ["{'r': [0 / 0]}", /returns NaN at "r\[0\]"/],
  ["function($x){$x}", /returns a function/],
  ["$pad('', 200000000)", /text of 200000000 characters/],
  ["$pad('', -200000000, 'ab')", /text of 200000000 characters/],
  ["[1..5000000]", /range of 5000000 numbers/],
  ["$reduce([1..40], function($a, $b){$a & $a}, 'ab')", /text of \d+ characters/],
  ["($f := function($n){1 + $f($n)}; $f(1))", /Stack overflow/],
  ["($f := function($n){$f($n)}; $f(1))", /did not end within 300 ms/],
  ["$contains($pad('', 40, 'x'), /(x+x+)+y/)", /did not end within 300 ms/],
  ["$count($distinct([1..60000].('u' & $)))", /did not end within 300 ms/],
  ["orders^(lines).id", /order-by clause/],
];

async function query(expression: string): Promise<unknown> {
  const run = { input: { data: SHOP, expression }, options: { timeoutMs: 300 } };
  return (await runPlugin(jsonQuery, run)).output;
}

const values = Object.entries(VALUES).flatMap(([group, cases]) =>
  cases.map(([expression, expected]): Case => ({
    group,
    name: expression,
    async run() {
      const value = await query(expression);
      return isDeepStrictEqual(value, expected) ? null : `gives ${JSON.stringify(value)}`;
    },
  })),
);

const errors = ERRORS.map(([expression, message]): Case => ({
  group: "errors",
  name: expression,
  run: () =>
    query(expression).then(
      (value) => `gives ${JSON.stringify(value)?.slice(0, 60)}`,
      (error: unknown) => (message.test(String(error)) ? null : `says ${String(error)}`),
    ),
}));

await printScore("json-query", [...values, ...errors]);
