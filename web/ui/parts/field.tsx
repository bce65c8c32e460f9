import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { t } from '../i18n.ts';
import { Icon } from './icon.tsx';

interface FieldProps {
	readonly label: string;
	readonly value: string;
	readonly onInput: (value: string) => void;
	readonly name: string;
	readonly type?: 'text' | 'password' | 'number';
	readonly hint?: string;
	readonly error?: string;
	readonly autocomplete?: string;
	readonly autofocus?: boolean;
	readonly required?: boolean;
	readonly maxLength?: number;
	readonly minLength?: number;
	readonly min?: number;
	readonly max?: number;
	readonly pattern?: string;
	readonly testId?: string;
}

export function Field(props: FieldProps) {
	const id = useId();
	const [seen, setSeen] = useState(false);
	const { label, value, onInput, name, type = 'text', hint, error, testId } = props;
	const about = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
	return (
		<div class="field">
			<label for={id}>{label}</label>
			<div class="input">
				<input id={id} name={name} type={(type === 'password' && seen ? 'text' : type) as 'text'} value={value}
					onInput={(event) => onInput(event.currentTarget.value)} autoComplete={props.autocomplete ?? 'off'}
					autoFocus={props.autofocus} required={props.required} maxLength={props.maxLength} minLength={props.minLength}
					min={props.min} max={props.max} pattern={props.pattern} spellcheck={false} autoCapitalize="off"
					aria-invalid={error ? 'true' : undefined} aria-describedby={about || undefined} data-testid={testId} />
				{type === 'password' && (
					<button type="button" class="icon-button" aria-pressed={seen} aria-label={t('common.show_password')}
						title={t('common.show_password')} onClick={() => setSeen(!seen)}>
						<Icon name={seen ? 'eyeOff' : 'eye'} size={18} />
					</button>
				)}
			</div>
			{hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
			{error && <p class="error" id={`${id}-error`}>{error}</p>}
		</div>
	);
}

interface ChoiceProps<T extends string> {
	readonly label: string;
	readonly value: T;
	readonly options: readonly { readonly value: T; readonly label: string }[];
	readonly onChange: (value: T) => void;
	readonly hideLabel?: boolean;
	readonly testId?: string;
}

export function Choice<T extends string>({ label, value, options, onChange, hideLabel, testId }: ChoiceProps<T>) {
	const id = useId();
	return (
		<div class="field">
			<label for={id} class={hideLabel ? 'sr' : undefined}>{label}</label>
			<div class="input select">
				<select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value as T)} data-testid={testId}>
					{options.map((o) => <option key={o.value} value={o.value} selected={o.value === value}>{o.label}</option>)}
				</select>
				<Icon name="down" size={18} />
			</div>
		</div>
	);
}

/** A few choices side by side. */
export function Segments<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
	const id = useId();
	return (
		<fieldset class="segments">
			<legend>{label}</legend>
			<div>
				{options.map((o) => (
					<label key={o.value} class={o.value === value ? 'chosen' : undefined}>
						<input type="radio" name={id} value={o.value} checked={o.value === value} onChange={() => onChange(o.value)} />
						<span>{o.label}</span>
					</label>
				))}
			</div>
		</fieldset>
	);
}

export function Check({ label, hint, checked, onChange, testId }: {
	label: string; hint?: string; checked: boolean; onChange: (checked: boolean) => void; testId?: string;
}) {
	const id = useId();
	return (
		<div class="check">
			<input id={id} type="checkbox" role="switch" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)}
				aria-describedby={hint ? `${id}-hint` : undefined} data-testid={testId} />
			<label for={id}>{label}</label>
			{hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
		</div>
	);
}

export function Alert({ children, kind = 'error' }: { children: ComponentChildren; kind?: 'error' | 'info' | 'warning' }) {
	return (
		<div class={`alert ${kind}`} role={kind === 'error' ? 'alert' : undefined}>
			<Icon name={kind === 'info' ? 'info' : 'alert'} size={18} />
			<div>{children}</div>
		</div>
	);
}
