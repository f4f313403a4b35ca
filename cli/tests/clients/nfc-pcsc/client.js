// nfc-pcsc, as it is, on the reader that it finds: it sees the card, selects the application by itself, reads, signs, and
// is told when the card goes and comes.
//
// Run by a test with the program `vmyna` in VMYNA, which puts the card in and out, and NODE_PATH where npm has installed
// the packages. Prints a line for each part that went as it should. Must never wait without a limit.

'use strict';

const { execFile } = require('node:child_process');
const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');
const { NFC } = require('nfc-pcsc');

const LIMIT = 20000;
const hex = (bytes) => bytes.toString('hex').toUpperCase();
const vmynaReader = (action) => new Promise((resolve, reject) => {
	execFile(process.env.VMYNA, ['reader', action], { timeout: LIMIT }, (error) => (error ? reject(error) : resolve()));
});

function fail(error) {
	console.error(error);
	process.exit(1);
}

setTimeout(() => fail(new Error('nothing has happened for too long')), LIMIT).unref();

const nfc = new NFC();
nfc.on('error', fail);

async function ask(reader, command) {
	const answer = await reader.transmit(Buffer.from(command.replaceAll(' ', ''), 'hex'), 65538);
	return { data: answer.subarray(0, -2), sw: hex(answer.subarray(-2)) };
}

async function use(reader) {
	assert.strictEqual((await ask(reader, '00A4 020C 02 0018')).sw, '9000');
	assert.strictEqual((await ask(reader, '0020 0080')).sw, '63C3');
	assert.strictEqual((await ask(reader, '0020 0080 04 31323334')).sw, '9000');
	assert.strictEqual((await ask(reader, '00A4 020C 02 0017')).sw, '9000');
	// DigestInfo of SHA-256.
	const signature = await ask(reader, '802A 0080 33 3031300D060960864801650304020105000420' + '5A'.repeat(32) + '00');
	assert.strictEqual(signature.sw, '9000');
	assert.strictEqual(signature.data.length, 256);
	assert.strictEqual((await ask(reader, '00A4 020C 02 000A')).sw, '9000');
	// Extended length: the whole certificate at once.
	const certificate = await ask(reader, '00B0 0000 00 0000');
	assert.strictEqual(certificate.sw, '9000');
	assert.strictEqual(hex(certificate.data.subarray(0, 2)), '3082');
}

nfc.on('reader', (reader) => {
	console.log(`reader: ${reader.reader.name}`);
	// Makes nfc-pcsc select it whenever a card comes.
	reader.aid = 'D392F000260100000001';
	let cards = 0;
	reader.on('error', fail);
	reader.on('card', async (card) => {
		try {
			cards += 1;
			console.log(`card ${cards}: ${card.type}, ${hex(card.atr)}`);
			await use(reader);
			if (cards < 3) {
				await vmynaReader('remove');
			} else {
				console.log('ok');
				process.exit(0);
			}
		} catch (error) {
			fail(error);
		}
	});
	reader.on('card.off', async () => {
		try {
			console.log(`gone ${cards}`);
			// It disconnects after this event, and loses the next connection if that is made meanwhile.
			while (reader.connection) {
				await sleep(5);
			}
			await vmynaReader('insert');
		} catch (error) {
			fail(error);
		}
	});
});
