/**
 * What screens do with the REST interface: show a list and change it, send a form.
 */
import { useEffect, useState } from 'preact/hooks';
import { restText } from './errors.ts';
import { say } from './notices.ts';

export interface Listed<T> {
	/** Null: not here yet. */
	readonly list: readonly T[] | null;
	readonly error: string;
	readonly load: () => Promise<void>;
	/** Does something to the list and loads it anew; a refusal becomes a notice. */
	readonly act: (work: () => Promise<unknown>) => Promise<void>;
}

/** @param everyMs   loads it again so often; 0: only when asked */
export function useList<T>(get: () => Promise<readonly T[]>, everyMs = 0): Listed<T> {
	const [list, setList] = useState<readonly T[] | null>(null);
	const [error, setError] = useState('');
	const load = () => get().then((items) => {
		setList(items);
		setError('');
	}, (problem) => setError(restText(problem)));
	useEffect(() => {
		load();
		if (!everyMs)
			return undefined;
		const timer = setInterval(load, everyMs);
		return () => clearInterval(timer);
	}, []);
	const act = async (work: () => Promise<unknown>) => {
		try {
			await work();
		} catch (problem) {
			say(restText(problem));
		}
		await load();
	};
	return { list, error, load, act };
}

export interface Form {
	readonly busy: boolean;
	readonly error: string;
	readonly submit: (event: Event) => Promise<void>;
}

/** @param send   what submitting does; after a success it stays busy, because the screen goes */
export function useForm(send: () => Promise<void>): Form {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	const submit = async (event: Event) => {
		event.preventDefault();
		setBusy(true);
		setError('');
		try {
			await send();
		} catch (problem) {
			setError(restText(problem));
			setBusy(false);
		}
	};
	return { busy, error, submit };
}
