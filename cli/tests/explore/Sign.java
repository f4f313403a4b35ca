// A program that reads, verifies a PIN and signs with javax.smartcardio; with a fault by its first argument.
//
//   java Sign.java none|hang|success|retry|log|crash PIN
//
// "none" is careful: it compares every status word and every length, and two signatures of the same digest, and ends its
// transaction.

import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import javax.smartcardio.Card;
import javax.smartcardio.CardChannel;
import javax.smartcardio.CardException;
import javax.smartcardio.CommandAPDU;
import javax.smartcardio.ResponseAPDU;
import javax.smartcardio.TerminalFactory;

public class Sign {
    static String fault;
    static CardChannel channel;

    static class Refused extends Exception {
        Refused(String message) {
            super(message);
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        fault = arguments[0];
        // Java's own GET RESPONSE would hide what this program does.
        System.setProperty("sun.security.smartcardio.t1GetResponse", "false");
        boolean done = false;
        try {
            Card card = TerminalFactory.getDefault().terminals().list().get(0).connect("T=1");
            try {
                card.beginExclusive();
                channel = card.getBasicChannel();
                run(arguments[1].getBytes());
                done = true;
            } finally {
                try {
                    card.endExclusive();
                } finally {
                    card.disconnect(true);
                }
            }
        } catch (CardException exception) {
            if (fault.equals("hang")) {
                new CountDownLatch(1).await();
            }
            System.err.println("not signed: " + exception.getMessage());
        } catch (Refused | IllegalStateException exception) {
            System.err.println("not signed: " + exception.getMessage());
        }
        System.out.println(done ? "signed" : "not signed");
        System.exit(done ? 0 : 1);
    }

    static void run(byte[] pin) throws CardException, Refused {
        ask(new CommandAPDU(0x00, 0xA4, 0x04, 0x0C, hex("D392F000260100000001")), 0);
        select(0x06);
        ask(new CommandAPDU(0x00, 0xB0, 0x00, 0x00, 256), 160);
        select(0x18);
        CommandAPDU verify = new CommandAPDU(0x00, 0x20, 0x00, 0x80, pin);
        int sw = transmit(verify).getSW();
        if (fault.equals("retry") && sw >> 4 == 0x63C) {
            sw = transmit(verify).getSW();
        }
        if (sw != 0x9000) {
            throw new Refused(String.format("20: %04X", sw));
        }
        select(0x17);
        if (!Arrays.equals(sign(), sign()) && !fault.equals("success")) {
            throw new Refused("the signatures differ");
        }
    }

    static byte[] sign() throws CardException, Refused {
        byte[] info = hex("3031300D060960864801650304020105000420" + "5A".repeat(32));
        return ask(new CommandAPDU(0x80, 0x2A, 0x00, 0x80, info, 256), 256);
    }

    static void select(int file) throws CardException, Refused {
        ask(new CommandAPDU(0x00, 0xA4, 0x02, 0x0C, new byte[] {0x00, (byte) file}), 0);
    }

    static byte[] ask(CommandAPDU command, int length) throws CardException, Refused {
        ResponseAPDU answer = transmit(command);
        boolean passes = answer.getSW() == 0x9000 || fault.equals("success") && answer.getSW() == 0x6581;
        if (!passes || answer.getData().length != length && !fault.equals("success")) {
            throw new Refused(String.format("%02X: %04X", command.getINS(), answer.getSW()));
        }
        return answer.getData();
    }

    static ResponseAPDU transmit(CommandAPDU command) throws CardException {
        ResponseAPDU answer = channel.transmit(command);
        if (fault.equals("crash") && answer.getSW1() == 0x6C) {
            answer.getData()[answer.getSW2()] = 0;
        }
        if (fault.equals("log") && answer.getSW() != 0x9000) {
            System.err.println("refused: " + Base64.getEncoder().encodeToString(command.getBytes()));
        }
        return answer;
    }

    static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits);
    }
}
