import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.CRL;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The server's side of a log-in with the authentication certificate, with what the JDK offers: java.security.cert (PKIX, RFC
 * 5280) for the certificate, java.security.Signature for the answer.
 *
 * <pre>java LogIn [--revocation] CERTIFICATE CHALLENGE SIGNATURE</pre>
 *
 * Anchors: the DER certificates in $VMYNA_EXAM_TRUST. Time: $VMYNA_EXAM_TIME. Revocation lists: $VMYNA_EXAM_CRLS. Exit status:
 * 0 accepted; 1 refused, with the reason on standard error; 2 misuse. What is left to PKIX is what PKIX does: no key usage, no
 * extended key usage, no policy.
 */
public final class LogIn {
    public static void main(String[] arguments) throws IOException {
        boolean revocation = arguments.length == 4 && arguments[0].equals("--revocation");
        if (arguments.length != 3 && !revocation) {
            System.err.println("usage: java LogIn [--revocation] CERTIFICATE CHALLENGE SIGNATURE");
            System.exit(2);
        }
        int first = revocation ? 1 : 0;
        byte[] challenge = Files.readAllBytes(Path.of(arguments[first + 1]));
        byte[] answer = Files.readAllBytes(Path.of(arguments[first + 2]));
        try {
            X509Certificate leaf = certificate(Files.readAllBytes(Path.of(arguments[first])));
            validate(leaf, revocation);
            Signature signature = Signature.getInstance("SHA256withRSA");
            signature.initVerify(leaf);
            signature.update(challenge);
            if (!signature.verify(answer)) {
                throw new GeneralSecurityException("the answer is not that of the certificate's key to this challenge");
            }
        } catch (GeneralSecurityException reason) {
            System.err.println("refused: " + reason.getMessage());
            System.exit(1);
        }
        System.out.println("accepted");
    }

    private static void validate(X509Certificate leaf, boolean revocation) throws GeneralSecurityException, IOException {
        Set<TrustAnchor> anchors = new HashSet<>();
        for (byte[] file : files("VMYNA_EXAM_TRUST")) {
            try {
                anchors.add(new TrustAnchor(certificate(file), null));
            } catch (CertificateException notACertificate) {
                // The folder also has bare public keys.
            }
        }
        PKIXParameters parameters = new PKIXParameters(anchors);
        parameters.setDate(Date.from(Instant.parse(System.getenv("VMYNA_EXAM_TIME"))));
        // The policy of these certificates is critical and names a practice statement, which the default refuses.
        parameters.setPolicyQualifiersRejected(false);
        parameters.setRevocationEnabled(revocation);
        if (revocation) {
            List<CRL> lists = new ArrayList<>();
            for (byte[] file : files("VMYNA_EXAM_CRLS")) {
                lists.add(factory().generateCRL(new ByteArrayInputStream(file)));
            }
            parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
        }
        CertPath path = factory().generateCertPath(List.of(leaf));
        CertPathValidator.getInstance("PKIX").validate(path, parameters);
    }

    private static CertificateFactory factory() throws CertificateException {
        return CertificateFactory.getInstance("X.509");
    }

    private static X509Certificate certificate(byte[] der) throws CertificateException {
        return (X509Certificate) factory().generateCertificate(new ByteArrayInputStream(der));
    }

    /** The files in DER of the folder that a variable of the environment names. */
    private static List<byte[]> files(String variable) throws IOException {
        List<byte[]> files = new ArrayList<>();
        try (DirectoryStream<Path> folder = Files.newDirectoryStream(Path.of(System.getenv(variable)))) {
            for (Path path : folder) {
                byte[] bytes = Files.readAllBytes(path);
                if (bytes.length > 0 && bytes[0] == 0x30) {
                    files.add(bytes);
                }
            }
        }
        return files;
    }
}
