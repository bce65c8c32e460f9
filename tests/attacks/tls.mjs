// The TLS of both listeners as testssl.sh sees it: nothing above LOW, but for what a trial certificate cannot have.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterwards, check, note, scenario } from '../e2e/lib/check.mjs';
import { start_server } from '../e2e/lib/server.mjs';

// nobody vouches for it, nobody can revoke it, and the grade is made of that
const OF_A_TRIAL = /^(cert_chain_of_trust|cert_trust|cert_revocation|cert_expirationStatus|cert_notAfter|cert_extlifeSpan|cert_validityPeriod|OCSP|cert_ocspURL|DNS_CAArecord|HSTS|overall_grade|final_score|grade_cap_reason)/;
const SEVERE = ['MEDIUM', 'HIGH', 'CRITICAL', 'FATAL'];        // WARN: it could not look, which is no finding

function look(port) {
	const folder = mkdtempSync(join(tmpdir(), 'hopkin-tls-'));
	afterwards(() => rmSync(folder, { recursive: true, force: true }));
	const file = join(folder, 'found.json');
	spawnSync('testssl', ['--quiet', '--color', '0', '--nodns', 'min', '--ip', 'one', '--jsonfile', file, `127.0.0.1:${port}`],
		{ encoding: 'utf8', timeout: 240000, stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, HOME: folder } });
	return JSON.parse(readFileSync(file, 'utf8'));
}

await scenario('attacks/tls', async () => {
	const server = await start_server({ port: 9878 });
	const found = look(server.port);
	const id = (name) => found.find((one) => one.id === name);
	check('tls: testssl.sh looked at more than a hundred things', found.length > 100, found.length);
	const bad = found.filter((one) => SEVERE.includes(one.severity) && !OF_A_TRIAL.test(one.id.replace(/ <.*/, '')));
	check('tls: nothing above LOW', bad.length === 0, bad.map((one) => `${one.id}: ${one.severity} ${one.finding}`).join('; '));
	for (const old of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1'])
		check(`tls: ${old} is not offered`, /^not offered/.test(id(old)?.finding ?? ''), id(old)?.finding);
	for (const modern of ['TLS1_2', 'TLS1_3'])
		check(`tls: ${modern} is offered`, /^offered/.test(id(modern)?.finding ?? ''), id(modern)?.finding);
	note(`testssl.sh: ${found.length} findings, ${found.filter((one) => one.severity === 'LOW').length} LOW`);
});
