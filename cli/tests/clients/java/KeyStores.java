// One token of OpenSC's PKCS#11 module as a key store of SunPKCS11: lists it and signs several times after one log-in.
//
//   java KeyStores.java CONFIGURATION FILE SIGNATURE...
//
// The environment variable PIN has the PIN. Writes the signatures of FILE, by SHA256withRSA. Ends with exit status 1 and the
// innermost reason if the token refuses the PIN.

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.util.Collections;

public class KeyStores {
    public static void main(String[] arguments) throws Exception {
        Provider provider = Security.getProvider("SunPKCS11").configure(arguments[0]);
        KeyStore store = KeyStore.getInstance("PKCS11", provider);
        try {
            store.load(null, System.getenv("PIN").toCharArray());
        } catch (IOException refused) {
            Throwable reason = refused;
            while (reason.getCause() != null) {
                reason = reason.getCause();
            }
            System.out.println("refused: " + reason.getMessage());
            System.exit(1);
        }
        PrivateKey key = null;
        for (String alias : Collections.list(store.aliases())) {
            System.out.println((store.isKeyEntry(alias) ? "key: " : "certificate: ") + alias);
            if (store.isKeyEntry(alias)) {
                key = (PrivateKey) store.getKey(alias, null);
            }
        }
        byte[] text = Files.readAllBytes(Path.of(arguments[1]));
        for (int index = 2; index < arguments.length; index++) {
            Signature signature = Signature.getInstance("SHA256withRSA", provider);
            signature.initSign(key);
            signature.update(text);
            Files.write(Path.of(arguments[index]), signature.sign());
        }
        boolean pss = provider.getService("Signature", "RSASSA-PSS") != null;
        System.out.println("RSASSA-PSS: " + (pss ? "offered" : "not offered"));
    }
}
