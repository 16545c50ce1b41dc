/** The score of xml-to-json: forms of XML that real feeds have, and XML that must be refused. */
import { isDeepStrictEqual } from "node:util";
import xmlToJson from "../../src/plugins/xml-to-json/index.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

type Valid = readonly [name: string, xml: string, json: unknown, options?: object];

const VALID: readonly Valid[] = [
  [
    "RSS",
    '<rss version="2.0" xmlns:dc="urn:dc"><channel><title>News</title><item><title>A</title><dc:creator>Ann</dc:creator></item></channel></rss>',
    {
      rss: {
        "@version": "2.0",
        "@xmlns:dc": "urn:dc",
        channel: { title: "News", item: [{ title: "A", "dc:creator": "Ann" }] },
      },
    },
    { arrays: ["item"] },
  ],
  [
    "Atom with HTML in CDATA",
    '<feed xmlns="urn:atom"><entry><content type="html"><![CDATA[<p>Hi & bye</p>]]></content></entry></feed>',
    {
      feed: {
        "@xmlns": "urn:atom",
        entry: { content: { "@type": "html", "#text": "<p>Hi & bye</p>" } },
      },
    },
  ],
  [
    "SOAP without prefixes",
    '<soap:Envelope xmlns:soap="urn:s"><soap:Body><m:Sum xmlns:m="urn:m"><m:v>1.50</m:v></m:Sum></soap:Body></soap:Envelope>',
    { Envelope: { Body: { Sum: { v: 1.5 } } } },
    { namespaces: "remove", numbers: true },
  ],
  [
    "sitemap",
    "<urlset>\n  <url><loc>https://a.example/?x=1&amp;y=2</loc></url>\n  <url><loc>b</loc></url>\n</urlset>",
    { urlset: { url: [{ loc: "https://a.example/?x=1&y=2" }, { loc: "b" }] } },
  ],
  [
    "an invoice with amounts and codes",
    '<Invoice><ID>0042</ID><Amount currencyID="EUR">1190.00</Amount><IBAN>12345678901234567890</IBAN></Invoice>',
    {
      Invoice: {
        ID: "0042",
        Amount: { "@currencyID": "EUR", "#text": 1190 },
        IBAN: "12345678901234567890",
      },
    },
    { numbers: true },
  ],
  [
    "DocBook with mixed content",
    "<para>See <xref id='a'/> and <emphasis>b</emphasis>.</para>",
    { para: { "#content": ["See ", { xref: { "@id": "a" } }, " and ", { emphasis: "b" }, "."] } },
  ],
  ["a document type with an entity", '<!DOCTYPE a [<!ENTITY c "ACME">]><a>&c;</a>', { a: "ACME" }],
  [
    "a document type with a DTD elsewhere",
    '<!DOCTYPE a PUBLIC "x" "http://x.example/a.dtd"><a/>',
    { a: "" },
  ],
  ["line ends of Windows", "<a>1\r\n2</a>", { a: "1\n2" }],
  ["white space in attributes", '<a b="1\n2"/>', { a: { "@b": "1 2" } }],
  ["emoji as references", "<a>&#128512;&#x1F600;</a>", { a: "😀😀" }],
  ["names in other scripts", "<größe Ω='1'>東</größe>", { größe: { "@Ω": "1", "#text": "東" } }],
];

const REFUSED: readonly (readonly [name: string, xml: string])[] = [
  ["an external entity", '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'],
  ["nested entities", '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
  ["an entity with markup", '<!DOCTYPE a [<!ENTITY b "<c/>">]><a>&b;</a>'],
  [
    "a long entity, often",
    `<!DOCTYPE a [<!ENTITY b "${"x".repeat(20_000)}">]><a>${"&b;".repeat(60)}</a>`,
  ],
  ["an entity that is its own", '<!DOCTYPE a [<!ENTITY b "&b;">]><a>&b;</a>'],
  ["an undeclared entity", "<a>&nbsp;</a>"],
  ["elements that overlap", "<a><b></a></b>"],
  ["an open element", "<a><b/>"],
  ["two roots", "<a/><a/>"],
  ["an attribute twice", "<a b='1' b='2'/>"],
  ["an attribute without quotes", "<a b=1/>"],
  ["an unknown prefix", "<x:a/>"],
  ["a control character", "<a>\u0008</a>"],
  ["a bare ampersand", "<a>Q & A</a>"],
  ["deep nesting", `${"<a>".repeat(500)}${"</a>".repeat(500)}`],
  ["JSON", '{"a": 1}'],
];

const convert = async (text: string, options: object = {}): Promise<unknown> =>
  ((await runPlugin(xmlToJson, { input: { text }, options })).output as { data: unknown }).data;

await printScore("xml-to-json", [
  ...VALID.map(([name, xml, json, options]): Case => ({
    group: "converts",
    name,
    async run() {
      const data = await convert(xml, options);
      return isDeepStrictEqual(data, json) ? null : JSON.stringify(data);
    },
  })),
  ...REFUSED.map(([name, xml]): Case => ({
    group: "refuses",
    name,
    async run() {
      const said = await convert(xml).then(
        () => "converted it",
        (error: Error) => error.message,
      );
      return /^text: .*(?:line \d+|expand to)/.test(said) ? null : said.slice(0, 200);
    },
  })),
]);
