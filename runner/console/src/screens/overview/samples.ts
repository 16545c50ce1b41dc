/** Jobs that run at once on every daemon: built-in plugins, with all of their input given. */
export interface Sample {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly plugins: readonly { readonly name: string; readonly options?: unknown }[];
  readonly input: unknown;
}

const PAGE = `<html><head><title>The bread we bake</title></head><body><nav>Home | Shop</nav><article>
<h1>The bread we bake</h1>
<p>Our sourdough rests for <b>two days</b> before it is baked. It is made of flour, water and salt.</p>
<h2>Prices</h2>
<table><tr><th>Loaf</th><th>Price</th></tr><tr><td>Wheat</td><td>4.20</td></tr><tr><td>Rye</td><td>4.80</td></tr></table>
<p>Order until noon, and fetch your loaf on the next morning.</p>
</article></body></html>`;

const FEED = `<orders>
  <order id="4711"><customer>Ada</customer><total>12.50</total></order>
  <order id="4712"><customer>Grace</customer><total>30.00</total></order>
  <order id="4713"><customer>Ada</customer><total>7.25</total></order>
</orders>`;

export const SAMPLES: readonly [Sample, ...Sample[]] = [
  {
    name: "first-query",
    title: "Add up orders",
    about: "Sums a list with a JSONata expression.",
    plugins: [{ name: "json-query", options: { expression: "$sum(orders.price)" } }],
    input: { orders: [{ price: 12.5 }, { price: 30 }] },
  },
  {
    name: "page-to-chunks",
    title: "Cut a web page for an AI model",
    about: "Turns HTML into Markdown and cuts it into chunks.",
    plugins: [
      { name: "html-to-markdown" },
      { name: "text-chunk", options: { maxTokens: 40, overlapTokens: 0 } },
    ],
    input: { html: PAGE },
  },
  {
    name: "orders-by-customer",
    title: "Read XML and group it",
    about: "Parses XML, then adds up the orders of each customer.",
    plugins: [
      { name: "xml-to-json", options: { numbers: true } },
      {
        name: "json-query",
        options: { expression: "data.orders.order{customer: $sum(total)}" },
      },
    ],
    input: { text: FEED },
  },
];
