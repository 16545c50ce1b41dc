/** How the form looks. rjsf decides which fields there are. */
import {
  ADDITIONAL_PROPERTY_FLAG,
  canExpand,
  type ArrayFieldItemTemplateProps,
  type ArrayFieldTemplateProps,
  type FieldTemplateProps,
  type MultiSchemaFieldTemplateProps,
  type ObjectFieldTemplateProps,
  type TemplatesType,
} from "@rjsf/utils";
import type { ComponentChildren } from "preact";
import { AttachedFile } from "../../../files/attached-file.tsx";
import { AttachFile } from "../../../files/attach-file.tsx";
import { isReference, referenceTo, takesOnlyFile } from "../../../files/reference.ts";
import { Icon } from "../../../parts/icon.tsx";
import { CodeWords } from "./code-words.tsx";
import { helpId } from "./help-id.ts";

/** Objects and lists name themselves, because their name stands for several fields. */
function isGroup({ schema, uiSchema }: FieldTemplateProps): boolean {
  if (uiSchema?.["ui:field"] !== undefined) return false;
  return schema.type === "object" || schema.type === "array" || schema.properties !== undefined;
}

function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, required, children, rawErrors = [], rawDescription, schema, hidden } = props;
  if (hidden) return null;
  if (props.uiSchema?.["ui:options"]?.["takesFile"] === true) return <FileTemplate {...props} />;
  const isAdditional = ADDITIONAL_PROPERTY_FLAG in schema;
  if (isGroup(props) && !isAdditional) return <div class="form-group">{children}</div>;
  // A checkbox has its label beside it.
  const isCheckbox = schema.type === "boolean" && (schema.default !== undefined || required);
  const help = (
    <div id={helpId(id)} class="help">
      {rawErrors.map((error) => (
        <p key={error} class="bad-text">
          {error}
        </p>
      ))}
      {rawDescription !== undefined && rawDescription !== "" && (
        <p>
          <CodeWords text={rawDescription} />
        </p>
      )}
    </div>
  );
  if (isAdditional) return <Additional {...props}>{children}</Additional>;
  return (
    <div class="form-field">
      {!isCheckbox && (
        <label for={id}>
          {label}
          {required && <span class="faint"> required</span>}
        </label>
      )}
      {children}
      {help}
    </div>
  );
}

/** A field for which a file can stand. */
function FileTemplate(props: FieldTemplateProps) {
  const { id, label, required, children, rawErrors = [], rawDescription, schema } = props;
  const { formData, onChange, fieldPathId } = props;
  const isAttached = isReference(formData);
  const isFileOnly = takesOnlyFile(schema);
  const Label = isAttached || isFileOnly ? "span" : "label";
  return (
    <div class="form-field">
      <Label class="form-label" {...(Label === "label" && { for: id })}>
        {label}
        {required && <span class="faint"> required</span>}
      </Label>
      {isAttached ? (
        <AttachedFile
          fileId={formData.$file}
          onRemove={() => onChange(undefined, fieldPathId.path)}
        />
      ) : (
        <>
          {!isFileOnly && children}
          <AttachFile
            to={`as ${label}`}
            onChoose={({ fileId }) => onChange(referenceTo(fileId), fieldPathId.path)}
          />
        </>
      )}
      <div id={helpId(id)} class="help">
        {/* The simplified schema knows no reference. */}
        {!isAttached &&
          rawErrors.map((error) => (
            <p key={error} class="bad-text">
              {error}
            </p>
          ))}
        {rawDescription !== undefined && rawDescription !== "" && (
          <p>
            <CodeWords text={rawDescription} />
          </p>
        )}
      </div>
    </div>
  );
}

/** A field of an object that has any names. */
function Additional(props: FieldTemplateProps & { children: ComponentChildren }) {
  const { id, label, children, onKeyRenameBlur, onRemoveProperty, disabled, readonly } = props;
  return (
    <div class="form-pair">
      <input
        aria-label="Name"
        id={`${id}-key`}
        defaultValue={label}
        disabled={disabled || readonly}
        onBlur={onKeyRenameBlur}
      />
      <div class="value">
        <label class="off-screen" for={id}>
          {label}
        </label>
        {children}
      </div>
      <button
        type="button"
        class="icon-btn"
        aria-label={`Remove ${label}`}
        onClick={onRemoveProperty}
      >
        <Icon name="cross" />
      </button>
    </div>
  );
}

function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const { title, description, properties, schema, uiSchema, formData, fieldPathId } = props;
  const fields = properties.map(({ content, name }) => <div key={name}>{content as never}</div>);
  const add = canExpand(schema, uiSchema, formData) && (
    <button type="button" class="link" onClick={props.onAddProperty}>
      Add a field
    </button>
  );
  // The whole form has its title from the card around it.
  if (fieldPathId.path.length === 0) {
    return (
      <div class="form-fields">
        {fields}
        {add}
      </div>
    );
  }
  return (
    <Group title={title} description={description} isRequired={props.required ?? false}>
      {fields}
      {add}
    </Group>
  );
}

interface GroupProps {
  readonly title: string;
  readonly description: unknown;
  readonly isRequired: boolean;
  readonly children: ComponentChildren;
}

function Group({ title, description, isRequired, children }: GroupProps) {
  return (
    <fieldset class="form-fields">
      <legend>
        {title}
        {isRequired && <span class="faint"> required</span>}
      </legend>
      {typeof description === "string" && description !== "" && (
        <p class="help">
          <CodeWords text={description} />
        </p>
      )}
      {children}
    </fieldset>
  );
}

function ArrayFieldTemplate(props: ArrayFieldTemplateProps) {
  const { title, schema, items, canAdd, onAddClick, required } = props;
  return (
    <Group title={title} description={schema.description} isRequired={required ?? false}>
      {items.length === 0 && schema.default !== undefined && (
        <p class="help">
          Default: <code>{shorten(JSON.stringify(schema.default))}</code>
        </p>
      )}
      {items as never}
      {canAdd && (
        <button type="button" class="link" onClick={onAddClick as never}>
          Add an item
        </button>
      )}
    </Group>
  );
}

function shorten(text: string): string {
  return text.length <= SHOWN_DEFAULT ? text : `${text.slice(0, SHOWN_DEFAULT)} …`;
}
const SHOWN_DEFAULT = 100;

function ArrayFieldItemTemplate(props: ArrayFieldItemTemplateProps) {
  const { children, index, buttonsProps } = props;
  return (
    <div class="form-item">
      <div class="value">{children as never}</div>
      {buttonsProps.hasRemove && (
        <button
          type="button"
          class="icon-btn"
          aria-label={`Remove item ${index + 1}`}
          onClick={buttonsProps.onRemoveItem as never}
        >
          <Icon name="cross" />
        </button>
      )}
    </div>
  );
}

function MultiSchemaFieldTemplate(props: MultiSchemaFieldTemplateProps) {
  return (
    <div class="form-choice">
      {props.selector as never}
      {props.optionSchemaField as never}
    </div>
  );
}

const nothing = () => null;

export const templates: Partial<TemplatesType> = {
  FieldTemplate,
  ObjectFieldTemplate,
  ArrayFieldTemplate,
  ArrayFieldItemTemplate,
  MultiSchemaFieldTemplate,
  // The field's template shows them.
  FieldErrorTemplate: nothing,
  DescriptionFieldTemplate: nothing,
  FieldHelpTemplate: nothing,
};
