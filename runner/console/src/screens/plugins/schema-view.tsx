import { stringifyExact } from "../../api/exact-json.ts";
import { Card } from "../../parts/card.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { CodeWords } from "../run/form/code-words.tsx";
import { describeSchema, type SchemaField } from "./schema-fields.ts";

interface SchemaViewProps {
  readonly title: string;
  readonly schema: Readonly<Record<string, unknown>> | null;
}

/** A schema as a list of its fields, with the schema itself folded away. */
export function SchemaView({ title, schema }: SchemaViewProps) {
  if (schema === null) {
    return (
      <Card title={title}>
        <p class="body muted">The plugin does not say. Any JSON value is accepted.</p>
      </Card>
    );
  }
  const { description, fields } = describeSchema(schema);
  return (
    <Card
      title={title}
      acts={
        <CopyButton
          text={() => stringifyExact(schema, 2)}
          what={`the JSON Schema of the ${title.toLowerCase()}`}
          label="Copy JSON Schema"
        />
      }
    >
      {description !== undefined && (
        <p class="schema-about muted">
          <CodeWords text={description} />
        </p>
      )}
      <dl class="schema">
        {fields.map((field) => (
          <Field key={field.name} {...field} />
        ))}
      </dl>
      <details class="raw">
        <summary>JSON Schema</summary>
        <JsonView text={JSON.stringify(schema)} />
      </details>
    </Card>
  );
}

function Field({ name, type, isRequired, rules, description, depth }: SchemaField) {
  return (
    <div class={depth > 0 ? "deep" : undefined}>
      <dt>
        <code>{name}</code> <span class="muted">{type}</span>
        {isRequired && <span class="muted">, required</span>}
      </dt>
      <dd>
        {description !== undefined && <CodeWords text={description} />}
        {rules.length > 0 && <span class="remark muted">{rules.join(", ")}</span>}
      </dd>
    </div>
  );
}
