//! What a careful program checks in a log-in.

use crate::candidate::checks;

checks! {
    A01: must("accept the answer to a challenge once", "1つの乱数への応答を1度だけ受け入れる"),
        why("an answer that was overheard would log in again", "盗み見られた応答で再びログインできてしまう"),
        Documented, "PocketSign's documentation: a nonce is never reused";
    A02: must("accept the answer to a challenge only in the session that it was given in", "乱数を出したセッションでだけ応答を受け入れる"),
        why("one person's answer would log another one in", "ある人の応答で別の人がログインできてしまう"),
        Documented, "web-eid system-architecture-doc pull request 13: the server rebuilds the signed bytes from its own storage";
    A03: must("end a challenge after the stated time", "定められた時間の後に乱数を無効にする"),
        why("an answer could be collected long before it is used", "使われるずっと前に応答を集められてしまう"),
        Documented, "web-eid system-architecture-doc pull request 13";
    A04: must("build the signed bytes from its own challenge", "署名対象を自分の乱数から作る"),
        why("a digest that the client supplies can be that of anything", "クライアントが渡すハッシュ値は、何のものでもありうる"),
        Documented, "web-eid system-architecture-doc pull request 13";
    A05: must("verify the signature with the key of the certificate that it takes the identity from", "本人の識別に使う証明書の鍵で署名を検証する"),
        why("a certificate is public, and only its key proves that it is used by its cardholder", "証明書は公開情報であり、本人の使用を示すのは鍵だけである"),
        Documented, "RFC 5280, 6.1.4: the working public key is that of the certificate";
    A06: must("accept the agreed form of the signature only: DigestInfo or the bare digest", "取り決めた形式（DigestInfoまたはハッシュ値だけ）の署名だけを受け入れる"),
        why("the card signs both, and accepting both makes each signature usable in two places", "カードはどちらにも署名する。両方を受け入れると、署名が別の場面にも使える"),
        Client, "myna-card and jsapdu sign either form; RFC 8017, 9.2 has DigestInfo";
    A07: must("accept RSASSA-PSS only where it is agreed", "RSASSA-PSSは取り決めた場合だけ受け入れる"),
        why("a program must not let its client choose the algorithm", "アルゴリズムをクライアントに選ばせてはならない"),
        Client, "myna-card: the card has a scheme for it; RFC 8017, 8.1";
    A08: must("compare the whole block of the signature", "署名のブロック全体を比較する"),
        why("bytes that are not compared let signatures be made without the key, where the exponent is small", "比較しないバイトがあると、小さい公開指数では鍵なしで署名を作れる"),
        Documented, "RFC 8017, 8.2.2; CVE-2021-30246 (jsrsasign issue 478); node-forge issue 1149";
    A09: must("compare the parameters of the algorithm in the block too", "ブロック内のアルゴリズムのパラメーターも比較する"),
        why("it is the place that an incomplete comparison leaves open", "不完全な比較が見落とす場所である"),
        Documented, "RFC 8017, 8.2.2; CVE-2026-33894 (node-forge issue 1149)";
    A10: must("compare type and fill of the block", "ブロックの種別と充填を比較する"),
        why("a block of another type was made for another purpose, and free bytes make forgery easier", "別の種別のブロックは別の目的のもので、自由なバイトは偽造を容易にする"),
        Documented, "RFC 8017, 8.2.2; relic issue 154; jsrsasign issue 478";
    A11: must("refuse SHA-1", "SHA-1を拒否する"),
        why("collisions of SHA-1 can be computed", "SHA-1の衝突は計算できる"),
        Client, "CRYPTREC LS-0001-2022";
    A12: must("refuse a signature that is not as long as the modulus and below it", "長さが法と異なる署名と、法より小さくない署名を拒否する"),
        why("one signature would have several forms, so that a list of used ones misses them", "1つの署名に複数の形ができ、使用済みの署名の一覧をすり抜ける"),
        Documented, "RFC 8017, 8.2.2, step 1, and 5.2.2, step 1";
    A13: must("verify the certificate's signature with the key of an authority that it trusts", "信頼する認証局の鍵で証明書の署名を検証する"),
        why("all generations of the authority have one name, and a name proves nothing", "認証局の全世代が同じ名前をもち、名前は何も証明しない"),
        Documented, "RFC 5280, 6.1.3 (a) (1)";
    A14: must("take the authority's certificate from outside the card", "認証局の証明書をカードの外から得る"),
        why("a chain on a card proves only itself", "カード内の連鎖は、それ自身を証明するだけである"),
        Documented, "documentation of myna-card, certificate.rs; RFC 5280, 6.1.1 (d)";
    A15: must("find the issuer by its key among all generations", "発行者を全世代の中から鍵で探す"),
        why("a program that takes the first one by name refuses cards of the others", "名前で最初に見つけた認証局を使うと、他の世代のカードを拒否する"),
        Documented, "RFC 5280, 4.2.1.1; myna-card has the certificates of all generations";
    A16: must("demand of issuers that they are authorities (CA:TRUE, keyCertSign)", "発行者が認証局であること（CA:TRUE、keyCertSign）を確認する"),
        why("every cardholder could issue certificates", "すべての利用者が証明書を発行できてしまう"),
        Documented, "RFC 5280, 6.1.4 (k), (n); CVE-2002-0862; hs-tls issue 29; release notes of node-forge 1.4.0";
    A17: must("refuse certificates of a hierarchy that it does not trust", "信頼していない階層の証明書を拒否する"),
        why("cards for tests exist, and a production system must not accept them", "試験用のカードが存在し、本番のシステムが受け入れてはならない"),
        Documented, "RFC 5280, 6.1.1 (d); JPKI's certificate profile has a test hierarchy";
    A18: must("refuse the certificate for signatures in a log-in", "ログインでは署名用の証明書を拒否する"),
        why("a signature with legal effect must not be consumed by a log-in", "法的効力のある署名をログインに使わせてはならない"),
        Documented, "JPKI's certificate profile: the two certificates have their own purposes";
    A19: must("check the key usage", "鍵用途を確認する"),
        why("the authority states what the key is for", "鍵の用途は認証局が定める"),
        Documented, "RFC 5280, 4.2.1.3; GHSA-58hw-cg5m-88rp";
    A20: must("check the extended key usage", "拡張鍵用途を確認する"),
        why("a certificate of a server is none of a person", "サーバーの証明書は人の証明書ではない"),
        Documented, "RFC 5280, 4.2.1.12";
    A21: must("compare the policy exactly", "ポリシーを正確に比較する"),
        why("the policy tells certificates of one authority apart", "同じ認証局の証明書を区別するのはポリシーである"),
        Measured, "openssl 3.0: verify -policy accepts another policy without -explicit_policy";
    A22: must("refuse an unknown critical extension", "未知のクリティカルな拡張を拒否する"),
        why("it can restrict what the certificate is good for", "証明書の効力を制限している可能性がある"),
        Documented, "RFC 5280, 4.2; ZeroKeyMate has such a fixture";
    A23: must("refuse an extension that is there twice", "同じ拡張が2つある証明書を拒否する"),
        why("one program takes the first and another one the last", "先頭を採る実装と末尾を採る実装がある"),
        Documented, "RFC 5280, 4.2";
    A24: must("check when the certificate begins and ends", "証明書の有効期間を確認する"),
        why("an ended certificate is in no revocation list any more", "満了した証明書は失効リストに載らなくなる"),
        Documented, "RFC 5280, 6.1.3 (a) (2); GHSA-58hw-cg5m-88rp";
    A25: must("take the times of a certificate as UTC", "証明書の時刻をUTCとして扱う"),
        why("certificates end at the end of a day in Japan, and nine hours are lost or won", "証明書は日本時間の日の終わりに満了し、9時間の差が生じる"),
        Documented, "RFC 5280, 4.1.2.5";
    A26: must("check the validity of the authority's certificate in a log-in", "ログインでは認証局の証明書の有効期間も確認する"),
        why("an authority that has ended revokes nothing any more", "満了した認証局は失効情報を出さない"),
        Assumed, "RFC 5280, 6.1 leaves the validity of a trust anchor to the program";
    A27: must("refuse a revoked certificate", "失効した証明書を拒否する"),
        why("a lost card is revoked, and its finder may know the PIN", "紛失したカードは失効し、拾得者が暗証番号を知っているかもしれない"),
        Documented, "RFC 5280, 6.3; Act on Certification Business of JPKI, article 17";
    A28: must("take a certificate on hold for revoked", "一時停止（certificateHold）を失効とみなす"),
        why("a hold is the first step after a loss", "紛失の届出の最初の処理である"),
        Client, "RFC 5280, 5.3.1; the loss hotline of J-LIS stops certificates";
    A29: must("use the revocation list of the certificate's own distribution point", "証明書の配布点と一致する失効リストを使う"),
        why("lists are divided by municipality, and another one's list does not hold the certificate", "失効リストは市区町村別で、他の市区町村のリストにその証明書は載らない"),
        Documented, "RFC 5280, 6.3.3 (b) (2); CVE-2026-4428; RUSTSEC-2026-0049";
    A30: must("refuse a revocation list that has ended", "次回更新日時を過ぎた失効リストを拒否する"),
        why("an old list hides later revocations", "古いリストは、その後の失効を隠す"),
        Documented, "RFC 5280, 6.3.3 (a)";
    A31: must("verify the signature of the revocation list", "失効リストの署名を検証する"),
        why("anyone can make an empty list", "空のリストは誰でも作れる"),
        Documented, "RFC 5280, 6.3.3 (g)";
    A32: must("refuse a revocation list with an unknown critical extension", "未知のクリティカルな拡張がある失効リストを拒否する"),
        why("the list can cover less than it seems", "リストの対象が見た目より狭い可能性がある"),
        Documented, "RFC 5280, 5.2";
    A33: must("compare issuer and serial number in a responder's answer", "OCSPの応答の発行者とシリアル番号を比較する"),
        why("the answer about a good certificate would do for a revoked one", "有効な証明書への応答が、失効した証明書に使える"),
        Documented, "RFC 6960, 3.2; c2pa-rs pull request 2273";
    A34: must("check that the responder has the right to answer", "OCSPの応答者の権限を確認する"),
        why("every cardholder could answer", "すべての利用者が応答者になれてしまう"),
        Documented, "RFC 6960, 4.2.2.2; PKI.js pull request 502; c2pa-rs pull request 2542";
    A35a: must("refuse a certificate that the responder does not know", "OCSPで不明とされた証明書を拒否する"),
        why("a certificate that was never entered can't be revoked", "登録されていない証明書は失効もできない"),
        Documented, "RFC 6960, 2.2";
    A35b: must("refuse a responder's answer that has ended", "期限の過ぎたOCSPの応答を拒否する"),
        why("an old answer hides a later revocation", "古い応答は、その後の失効を隠す"),
        Documented, "RFC 6960, 4.2.2.1";
    A35c: must("refuse a responder's answer to another request", "別の要求へのOCSPの応答を拒否する"),
        why("an answer can be replayed until it ends", "応答は期限まで再送できる"),
        Documented, "RFC 6960, 4.4.1";
    A36: must("refuse an answer that is good and revoked at once", "有効と失効の両方を含む応答を拒否する"),
        why("one program takes the first and another one the last", "先頭を採る実装と末尾を採る実装がある"),
        Client, "openssl issue 32376";
    A37: must("refuse where revocation can't be checked", "失効を確認できないときは拒否する"),
        why("anyone between program and responder can keep an answer away", "通信の経路にいる者は応答を止められる"),
        Documented, "RFC 5280, 6.3.3: the status is undetermined without a list";
    A38: must("identify accounts by the authority's key and the serial number", "アカウントを認証局の鍵とシリアル番号で識別する"),
        why("serial numbers of two authorities overlap, and generations share a name", "2つの認証局のシリアル番号は重なり、各世代は名前が同じである"),
        Assumed, "RFC 5280, 4.1.2.2: a serial number is unique for its issuer only";
    A39: must("not attach a renewed certificate to an account by its name", "更新後の証明書を名前だけでアカウントに結び付けない"),
        why("only the authority links an old certificate to a new one", "新旧の証明書を結び付けられるのは認証局だけである"),
        Assumed, "JPKI offers the link between certificates as a service of its own";
    A40: must("refuse short keys and odd exponents", "短い鍵と異常な公開指数を拒否する"),
        why("a short key can be factored, and under the exponent 1 every value is a signature", "短い鍵は分解でき、公開指数1では誰でも署名できる"),
        Client, "the ordinance of JPKI demands 2048 bits; FIPS 186-5, A.1.1";
    A41: must("verify what it parses, and compare the algorithm inside with that outside", "解析した内容そのものの署名を検証し、内側と外側のアルゴリズムを比較する"),
        why("a changed certificate can be parsed as well as a signed one", "改変された証明書も、署名されたものと同様に解析できる"),
        Documented, "RFC 5280, 4.1.1.2 and 6.1.3 (a) (1)";
}
