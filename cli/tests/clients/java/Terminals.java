// javax.smartcardio, as Java has it, on the reader that it finds: extended length, PINs, signatures, a transaction beside
// another program, a reset, and a card that goes and comes.
//
//   java Terminals.java FILE AUTH-SIGNATURE SIGN-SIGNATURE
//
// Run by a test with the program `vmyna` in VMYNA, which moves the card, and OpenSC's `opensc-tool`, the other program.
// Prints a line for each part that went as it should, and ends with a stack trace at the first that did not. Must never wait
// without a limit.

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.smartcardio.Card;
import javax.smartcardio.CardChannel;
import javax.smartcardio.CardException;
import javax.smartcardio.CardTerminal;
import javax.smartcardio.CardTerminals;
import javax.smartcardio.CommandAPDU;
import javax.smartcardio.ResponseAPDU;
import javax.smartcardio.TerminalFactory;

public class Terminals {
    static final int LIMIT = 20_000;
    static final byte[] JPKI = hex("D392F000260100000001");
    static final String[][] KEYS = {{"0018", "1234", "0017"}, {"001B", "ABC123", "001A"}};

    public static void main(String[] arguments) throws Exception {
        CardTerminals terminals = TerminalFactory.getDefault().terminals();
        List<CardTerminal> all = terminals.list(CardTerminals.State.CARD_PRESENT);
        check(all.size() == 1, "there are " + all.size() + " readers with a card");
        CardTerminal terminal = all.get(0);
        Card card = terminal.connect("*");
        System.out.println(terminal.getName() + ": " + card.getProtocol() + " " + hex(card.getATR().getBytes()));

        certificate(card);
        wrongPin(card);
        byte[] text = Files.readAllBytes(Path.of(arguments[0]));
        for (int index = 0; index < KEYS.length; index++) {
            Files.write(Path.of(arguments[1 + index]), sign(card, KEYS[index], text));
        }
        System.out.println("signatures: ok");
        transaction(terminal, card);
        card = reset(terminal, card);
        for (int round = 0; round < 3; round++) {
            card = away(terminals, terminal, card);
        }
        card.disconnect(false);
        System.out.println("away: ok");
    }

    /** With extended length at once and in pieces with short: the same. */
    static void certificate(Card card) throws CardException {
        expect(ask(card, 0xA4, 0x04, 0x0C, JPKI), 0x9000);
        expect(ask(card, 0xA4, 0x02, 0x0C, hex("000A")), 0x9000);
        ResponseAPDU whole = card.getBasicChannel().transmit(new CommandAPDU(0x00, 0xB0, 0, 0, 65536));
        expect(whole, 0x9000);
        int length = whole.getData().length;
        check(length > 1000 && whole.getData()[0] == 0x30, "a certificate of " + length + " bytes");
        ByteArrayOutputStream pieces = new ByteArrayOutputStream();
        while (pieces.size() < length) {
            int offset = pieces.size();
            ResponseAPDU piece =
                card.getBasicChannel().transmit(new CommandAPDU(0x00, 0xB0, offset >> 8, offset & 0xFF, 256));
            expect(piece, 0x9000);
            pieces.writeBytes(piece.getData());
        }
        check(MessageDigest.isEqual(pieces.toByteArray(), whole.getData()), "the pieces differ from the whole");
        System.out.println("certificate: ok");
    }

    /** It costs a try, which the right PIN brings back. */
    static void wrongPin(Card card) throws CardException {
        expect(ask(card, 0xA4, 0x04, 0x0C, JPKI), 0x9000);
        expect(ask(card, 0xA4, 0x02, 0x0C, hex("0018")), 0x9000);
        CommandAPDU triesLeft = new CommandAPDU(0x00, 0x20, 0x00, 0x80);
        expect(card.getBasicChannel().transmit(triesLeft), 0x63C3);
        expect(ask(card, 0x20, 0x00, 0x80, "4321".getBytes()), 0x63C2);
        expect(card.getBasicChannel().transmit(triesLeft), 0x63C2);
        expect(ask(card, 0x20, 0x00, 0x80, "1234".getBytes()), 0x9000);
        expect(card.getBasicChannel().transmit(triesLeft), 0x63C3);
        System.out.println("wrong PIN: ok");
    }

    static byte[] sign(Card card, String[] key, byte[] text) throws Exception {
        expect(ask(card, 0xA4, 0x04, 0x0C, JPKI), 0x9000);
        expect(ask(card, 0xA4, 0x02, 0x0C, hex(key[0])), 0x9000);
        expect(ask(card, 0x20, 0x00, 0x80, key[1].getBytes()), 0x9000);
        expect(ask(card, 0xA4, 0x02, 0x0C, hex(key[2])), 0x9000);
        ResponseAPDU signature = compute(card, MessageDigest.getInstance("SHA-256").digest(text));
        expect(signature, 0x9000);
        return signature.getData();
    }

    /** COMPUTE DIGITAL SIGNATURE of the DigestInfo of SHA-256. */
    static ResponseAPDU compute(Card card, byte[] digest) throws CardException {
        byte[] info = hex("3031300D060960864801650304020105000420" + hex(digest));
        return card.getBasicChannel().transmit(new CommandAPDU(0x80, 0x2A, 0x00, 0x80, info, 256));
    }

    /** Another program waits until the transaction has ended; another thread is refused at once. */
    static void transaction(CardTerminal terminal, Card card) throws Exception {
        card.beginExclusive();
        Process other = new ProcessBuilder("opensc-tool", "--send-apdu", "00A4040C0A" + hex(JPKI))
            .redirectErrorStream(true).start();
        CardException[] refused = new CardException[1];
        Thread thread = new Thread(() -> {
            try {
                ask(card, 0xA4, 0x04, 0x0C, JPKI);
            } catch (CardException exception) {
                refused[0] = exception;
            }
        });
        thread.start();
        thread.join(LIMIT);
        check(refused[0] != null, "another thread used the card");
        check(!other.waitFor(500, TimeUnit.MILLISECONDS), "another program used the card");
        expect(ask(card, 0xA4, 0x02, 0x0C, hex("0017")), 0x9000);
        card.endExclusive();
        check(other.waitFor(LIMIT, TimeUnit.MILLISECONDS), "the other program still waits");
        String output = new String(other.getInputStream().readAllBytes());
        check(other.exitValue() == 0 && output.contains("SW1=0x90, SW2=0x00"), output);
        System.out.println("transaction: ok");
    }

    /** The current EF survives a disconnection without a reset, and not one with it. */
    static Card reset(CardTerminal terminal, Card card) throws Exception {
        CommandAPDU triesLeft = new CommandAPDU(0x00, 0x20, 0x00, 0x80);
        expect(ask(card, 0xA4, 0x04, 0x0C, JPKI), 0x9000);
        expect(ask(card, 0xA4, 0x02, 0x0C, hex("0018")), 0x9000);
        card.disconnect(false);
        Card again = terminal.connect("*");
        expect(again.getBasicChannel().transmit(triesLeft), 0x63C3);
        again.disconnect(true);
        Card after = terminal.connect("*");
        check(after.getBasicChannel().transmit(triesLeft).getSW() != 0x63C3, "the card was not reset");
        System.out.println("reset: ok");
        return after;
    }

    /** The card is taken out, which a waiting program sees, and put in again. It has lost power, and with it the PIN. */
    static Card away(CardTerminals terminals, CardTerminal terminal, Card card) throws Exception {
        sign(card, KEYS[0], new byte[0]);
        check(!terminal.waitForCardAbsent(1), "a card that is there is absent");
        vmynaReader("remove");
        check(terminal.waitForCardAbsent(LIMIT), "the card has gone unseen");
        try {
            ask(card, 0xA4, 0x04, 0x0C, JPKI);
            throw new AssertionError("a card that is not there has answered");
        } catch (CardException expected) {
            // As it should be.
        }
        try {
            terminal.connect("*");
            throw new AssertionError("connected to a card that is not there");
        } catch (CardException expected) {
            // As it should be.
        }
        // The first call takes the state as it is, so that the next waits for the change from it.
        terminals.waitForChange(1);
        Process insert = start("insert");
        List<CardTerminal> inserted;
        do {
            check(terminals.waitForChange(LIMIT), "no change in any reader");
            inserted = terminals.list(CardTerminals.State.CARD_INSERTION);
        } while (inserted.isEmpty());
        check(insert.waitFor(LIMIT, TimeUnit.MILLISECONDS) && insert.exitValue() == 0, "vmyna reader insert has failed");
        check(inserted.equals(List.of(terminal)), "a card came into " + inserted);
        Card next = terminal.connect("*");
        expect(ask(next, 0xA4, 0x04, 0x0C, JPKI), 0x9000);
        expect(ask(next, 0xA4, 0x02, 0x0C, hex(KEYS[0][2])), 0x9000);
        expect(compute(next, new byte[32]), 0x6982);
        return next;
    }

    static ResponseAPDU ask(Card card, int instruction, int p1, int p2, byte[] data) throws CardException {
        CardChannel channel = card.getBasicChannel();
        return channel.transmit(new CommandAPDU(0x00, instruction, p1, p2, data));
    }

    static void expect(ResponseAPDU answer, int status) {
        check(answer.getSW() == status, String.format("%04X instead of %04X", answer.getSW(), status));
    }

    static void check(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    static Process start(String action) throws Exception {
        return new ProcessBuilder(System.getenv("VMYNA"), "reader", action).inheritIO().start();
    }

    static void vmynaReader(String action) throws Exception {
        Process process = start(action);
        check(process.waitFor(LIMIT, TimeUnit.MILLISECONDS) && process.exitValue() == 0, "vmyna reader " + action);
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().withUpperCase().formatHex(bytes);
    }
}
