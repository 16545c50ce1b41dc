/** A form made from a JSON Schema. The library for it is large, so this file is loaded when a form is shown. */
import Form from "@rjsf/core/lib/components/Form.js";
import type { RJSFSchema } from "@rjsf/utils";
import { markIntegers } from "../../../api/exact-json.ts";
import { useMemo } from "preact/hooks";
import { JsonField, NumberField } from "./fields.tsx";
import { planForm } from "./plan.ts";
import { templates } from "./templates.tsx";
import { validator } from "./validator.ts";
import { widgets } from "./widgets.tsx";

export interface SchemaFormProps {
  /** Begins the fields' ids, so that several forms fit on a page. */
  readonly id: string;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  /** Whether the fields say what is wrong with their values. */
  readonly isChecked: boolean;
}

const FIELDS = { NumberField, JsonField } as never;
/** A default is shown but not sent, so that a job gets the plugin's defaults of the day it runs. */
const DEFAULTS = {
  emptyObjectFields: "skipDefaults",
  arrayMinItems: { populate: "never" },
  constAsDefaults: "never",
} as const;

export default function SchemaForm({ id, schema, value, onChange, isChecked }: SchemaFormProps) {
  const plan = useMemo(() => planForm(schema as RJSFSchema), [schema]);
  // The library turns values into JSON to compare them, so it must not see BigInt.
  const formData = useMemo(() => markIntegers(value), [value]);
  const errors = useMemo(
    () => (isChecked ? validator.validateFormData(formData, plan.schema).errorSchema : undefined),
    [isChecked, formData, plan],
  );
  return (
    <Form
      tagName="div"
      idPrefix={id}
      schema={plan.schema}
      uiSchema={plan.uiSchema}
      formData={formData}
      validator={validator}
      fields={FIELDS}
      widgets={widgets}
      templates={templates}
      experimental_defaultFormStateBehavior={DEFAULTS}
      showErrorList={false}
      noHtml5Validate
      {...(errors !== undefined && { extraErrors: errors })}
      onChange={({ formData: changed }) => onChange(changed)}
    >
      <></>
    </Form>
  );
}
