//! Characters that certificates lack, each with a standard form that they carry.
//!
//! Which substitute a town hall offers is not published: all of this is `assumed`. A cardholder's own choice goes before it.

/// Pairs of a character and its standard form in JIS X 0208: the forms of names, the old forms that JIS X 0213 added, and
/// the ten forms of its revision of 2004. Chosen by hand.
const COMMON: &str = "\
    \u{FA14}欅髙高𠮷吉𣘺橋栁柳黑黒橫横閒間瀨瀬德徳淸清靑青吿告增増寬寛巢巣悅悦\
    敎教昻昂綠緑緖緒薰薫賴頼郞郎鄕郷甁瓶𡈽土愠慍俱倶剝剥𠮟叱吞呑噓嘘姸妍屛屏幷并倂併內内卽即吳呉娛娯戶戸\
    揷挿晚晩歲歳歷歴溫温狀状硏研稅税絕絶緣縁脫脱虛虚說説銳鋭黃黄彥彦戱戯曆暦淚涙徵徴强強揭掲别別每毎步歩\
    涉渉姬姫尙尚錄録荆荊旣既槪概蟬蝉簞箪㐂喜㔟勢㝡最𦚰脇𠀋丈𥔎碕㟢崎畵画宂冗枾柿㑹会煑煮廹迫咊和秌秋毗毘\
    卧臥𩵋魚㕝事鎻鎖飇飆騈駢荣栄岭嶺阴陰庙廟吒咤朵朶溉漑𣳾泰𠅘亭𦥯学𨳝閉渴渇";

/// The compatibility ideographs, each with the ideograph that Unicode names for it (`kCompatibilityVariant` in the Unihan
/// database 15.0), as far as that has a form in JIS X 0208 or 0212; and U+FA11. They are written by number, because a program that
/// normalises this file would make them the other form.
const COMPATIBILITY: &str = "\
    \u{F900}豈\u{F901}更\u{F902}車\u{F903}賈\u{F904}滑\u{F905}串\u{F906}句\u{F907}龜\u{F908}龜\u{F909}契\u{F90A}金\
    \u{F90B}喇\u{F90C}奈\u{F90D}懶\u{F90E}癩\u{F90F}羅\u{F910}蘿\u{F911}螺\u{F912}裸\u{F913}邏\u{F914}樂\u{F915}洛\
    \u{F916}烙\u{F917}珞\u{F918}落\u{F919}酪\u{F91A}駱\u{F91B}亂\u{F91C}卵\u{F91D}欄\u{F91E}爛\u{F91F}蘭\u{F920}鸞\
    \u{F921}嵐\u{F922}濫\u{F923}藍\u{F924}襤\u{F925}拉\u{F926}臘\u{F927}蠟\u{F928}廊\u{F929}朗\u{F92A}浪\u{F92B}狼\
    \u{F92C}郎\u{F92D}來\u{F92E}冷\u{F92F}勞\u{F930}擄\u{F931}櫓\u{F932}爐\u{F933}盧\u{F934}老\u{F935}蘆\u{F936}虜\
    \u{F937}路\u{F938}露\u{F939}魯\u{F93A}鷺\u{F93B}碌\u{F93C}祿\u{F93D}緑\u{F93E}菉\u{F93F}録\u{F940}鹿\u{F941}論\
    \u{F942}壟\u{F943}弄\u{F944}籠\u{F945}聾\u{F946}牢\u{F947}磊\u{F948}賂\u{F949}雷\u{F94A}壘\u{F94B}屢\u{F94C}樓\
    \u{F94D}涙\u{F94E}漏\u{F94F}累\u{F950}縷\u{F951}陋\u{F952}勒\u{F953}肋\u{F954}凜\u{F955}凌\u{F956}稜\u{F957}綾\
    \u{F958}菱\u{F959}陵\u{F95A}讀\u{F95B}拏\u{F95C}樂\u{F95D}諾\u{F95E}丹\u{F95F}寧\u{F960}怒\u{F961}率\u{F962}異\
    \u{F963}北\u{F964}磻\u{F965}便\u{F966}復\u{F967}不\u{F968}泌\u{F969}數\u{F96A}索\u{F96B}參\u{F96C}塞\u{F96D}省\
    \u{F96E}葉\u{F96F}説\u{F970}殺\u{F971}辰\u{F972}沈\u{F973}拾\u{F974}若\u{F975}掠\u{F976}略\u{F977}亮\u{F978}兩\
    \u{F979}凉\u{F97A}梁\u{F97B}糧\u{F97C}良\u{F97D}諒\u{F97E}量\u{F97F}勵\u{F980}呂\u{F981}女\u{F982}廬\u{F983}旅\
    \u{F984}濾\u{F985}礪\u{F986}閭\u{F987}驪\u{F988}麗\u{F989}黎\u{F98A}力\u{F98B}暦\u{F98C}歴\u{F98D}轢\u{F98E}年\
    \u{F98F}憐\u{F990}戀\u{F991}撚\u{F992}漣\u{F993}煉\u{F994}璉\u{F995}秊\u{F996}練\u{F997}聯\u{F998}輦\u{F999}蓮\
    \u{F99A}連\u{F99C}列\u{F99D}劣\u{F99E}咽\u{F99F}烈\u{F9A0}裂\u{F9A1}説\u{F9A2}廉\u{F9A3}念\u{F9A4}捻\u{F9A5}殮\
    \u{F9A6}簾\u{F9A7}獵\u{F9A8}令\u{F9A9}囹\u{F9AA}寧\u{F9AB}嶺\u{F9AC}怜\u{F9AD}玲\u{F9AE}瑩\u{F9AF}羚\u{F9B0}聆\
    \u{F9B1}鈴\u{F9B2}零\u{F9B3}靈\u{F9B4}領\u{F9B5}例\u{F9B6}禮\u{F9B7}醴\u{F9B8}隸\u{F9B9}惡\u{F9BA}了\u{F9BB}僚\
    \u{F9BC}寮\u{F9BD}尿\u{F9BE}料\u{F9BF}樂\u{F9C0}燎\u{F9C1}療\u{F9C2}蓼\u{F9C3}遼\u{F9C4}龍\u{F9C5}暈\u{F9C6}阮\
    \u{F9C7}劉\u{F9C8}杻\u{F9C9}柳\u{F9CA}流\u{F9CB}溜\u{F9CC}琉\u{F9CD}留\u{F9CE}硫\u{F9CF}紐\u{F9D0}類\u{F9D1}六\
    \u{F9D2}戮\u{F9D3}陸\u{F9D4}倫\u{F9D5}崙\u{F9D6}淪\u{F9D7}輪\u{F9D8}律\u{F9D9}慄\u{F9DA}栗\u{F9DB}率\u{F9DC}隆\
    \u{F9DD}利\u{F9DE}吏\u{F9DF}履\u{F9E0}易\u{F9E1}李\u{F9E2}梨\u{F9E3}泥\u{F9E4}理\u{F9E5}痢\u{F9E6}罹\u{F9E7}裏\
    \u{F9E8}裡\u{F9E9}里\u{F9EA}離\u{F9EB}匿\u{F9EC}溺\u{F9ED}吝\u{F9EE}燐\u{F9EF}璘\u{F9F0}藺\u{F9F1}隣\u{F9F2}鱗\
    \u{F9F3}麟\u{F9F4}林\u{F9F5}淋\u{F9F6}臨\u{F9F7}立\u{F9F8}笠\u{F9F9}粒\u{F9FA}状\u{F9FB}炙\u{F9FC}識\u{F9FD}什\
    \u{F9FE}茶\u{F9FF}刺\u{FA00}切\u{FA01}度\u{FA02}拓\u{FA03}糖\u{FA04}宅\u{FA05}洞\u{FA06}暴\u{FA07}輻\u{FA08}行\
    \u{FA09}降\u{FA0A}見\u{FA0B}廓\u{FA0C}兀\u{FA10}塚\u{FA11}崎\u{FA12}晴\u{FA15}煕\u{FA16}猪\u{FA17}益\u{FA18}礼\
    \u{FA19}神\u{FA1A}祥\u{FA1B}福\u{FA1C}靖\u{FA1D}精\u{FA1E}羽\u{FA20}蘒\u{FA22}諸\u{FA25}逸\u{FA26}都\u{FA2A}飯\
    \u{FA2B}飼\u{FA2C}館\u{FA2D}鶴\u{FA2E}郎\u{FA2F}隷\u{FA30}侮\u{FA31}僧\u{FA32}免\u{FA33}勉\u{FA34}勤\u{FA35}卑\
    \u{FA36}喝\u{FA37}嘆\u{FA38}器\u{FA39}塀\u{FA3A}墨\u{FA3B}層\u{FA3C}屮\u{FA3D}悔\u{FA3E}慨\u{FA3F}憎\u{FA40}懲\
    \u{FA41}敏\u{FA42}既\u{FA43}暑\u{FA44}梅\u{FA45}海\u{FA46}渚\u{FA47}漢\u{FA48}煮\u{FA49}爫\u{FA4A}琢\u{FA4B}碑\
    \u{FA4C}社\u{FA4D}祉\u{FA4E}祈\u{FA4F}祐\u{FA50}祖\u{FA51}祝\u{FA52}禍\u{FA53}禎\u{FA54}穀\u{FA55}突\u{FA56}節\
    \u{FA57}練\u{FA58}縉\u{FA59}繁\u{FA5A}署\u{FA5B}者\u{FA5C}臭\u{FA5F}著\u{FA60}褐\u{FA61}視\u{FA62}謁\u{FA63}謹\
    \u{FA64}賓\u{FA65}贈\u{FA66}辶\u{FA67}逸\u{FA68}難\u{FA69}響\u{FA6A}頻\u{FA6B}恵\u{FA6D}舘\u{FA70}並\u{FA71}况\
    \u{FA72}全\u{FA74}充\u{FA75}冀\u{FA76}勇\u{FA77}勺\u{FA78}喝\u{FA7A}喙\u{FA7B}嗢\u{FA7C}塚\u{FA7D}墳\u{FA7E}奄\
    \u{FA7F}奔\u{FA80}婢\u{FA82}廒\u{FA84}彩\u{FA85}徭\u{FA86}惘\u{FA87}慎\u{FA88}愈\u{FA89}憎\u{FA8A}慠\u{FA8B}懲\
    \u{FA8C}戴\u{FA8D}揄\u{FA8E}搜\u{FA8F}摒\u{FA90}敖\u{FA91}晴\u{FA92}朗\u{FA93}望\u{FA94}杖\u{FA95}歹\u{FA96}殺\
    \u{FA97}流\u{FA99}滋\u{FA9A}漢\u{FA9B}瀞\u{FA9C}煮\u{FA9D}瞧\u{FA9E}爵\u{FA9F}犯\u{FAA0}猪\u{FAA1}瑱\u{FAA2}甆\
    \u{FAA3}画\u{FAA4}瘝\u{FAA5}瘟\u{FAA6}益\u{FAA7}盛\u{FAA8}直\u{FAA9}睊\u{FAAA}着\u{FAAB}磌\u{FAAD}節\u{FAAF}絛\
    \u{FAB0}練\u{FAB1}缾\u{FAB2}者\u{FAB3}荒\u{FAB4}華\u{FAB6}襁\u{FAB7}覆\u{FAB8}視\u{FAB9}調\u{FABA}諸\u{FABB}請\
    \u{FABC}謁\u{FABD}諾\u{FABE}諭\u{FABF}謹\u{FAC0}變\u{FAC1}贈\u{FAC2}輸\u{FAC3}遲\u{FAC5}鉶\u{FAC6}陼\u{FAC7}難\
    \u{FAC8}靖\u{FAC9}韛\u{FACA}響\u{FACC}頻\u{FACD}鬒\u{FACE}龜\u{FAD8}齃\u{2F801}丸\u{2F802}乁\u{2F804}你\u{2F805}侮\
    \u{2F806}侻\u{2F807}併\u{2F809}備\u{2F80A}僧\u{2F80B}像\u{2F80E}免\u{2F80F}兔\u{2F810}兤\u{2F811}具\u{2F814}内\
    \u{2F815}再\u{2F817}冗\u{2F818}冤\u{2F81A}冬\u{2F81B}况\u{2F81D}凵\u{2F81E}刃\u{2F820}刻\u{2F822}割\u{2F823}剷\
    \u{2F825}勇\u{2F826}勉\u{2F827}勤\u{2F828}勺\u{2F829}包\u{2F82A}匆\u{2F82B}北\u{2F82C}卉\u{2F82D}卑\u{2F82E}博\
    \u{2F82F}即\u{2F830}即\u{2F831}卿\u{2F832}卿\u{2F833}卿\u{2F835}灰\u{2F836}及\u{2F837}叟\u{2F839}叫\u{2F83A}叱\
    \u{2F83D}吸\u{2F83E}呈\u{2F83F}周\u{2F840}咢\u{2F841}哶\u{2F842}唐\u{2F843}啓\u{2F844}啣\u{2F845}善\u{2F846}善\
    \u{2F847}喙\u{2F848}喫\u{2F84B}圖\u{2F84C}嘆\u{2F84F}噴\u{2F850}切\u{2F851}壮\u{2F852}城\u{2F853}埴\u{2F854}堍\
    \u{2F855}型\u{2F856}堲\u{2F857}報\u{2F85A}売\u{2F85B}壷\u{2F85C}夆\u{2F85D}多\u{2F85E}夢\u{2F85F}奢\u{2F862}姫\
    \u{2F863}娯\u{2F864}娧\u{2F866}婦\u{2F869}嬈\u{2F86A}嬾\u{2F86B}嬾\u{2F86D}寃\u{2F86E}寘\u{2F86F}寧\u{2F870}寳\
    \u{2F872}寿\u{2F873}将\u{2F874}当\u{2F875}尢\u{2F877}屠\u{2F878}屮\u{2F87C}嵃\u{2F881}巡\u{2F882}巣\u{2F884}巽\
    \u{2F885}帨\u{2F886}帽\u{2F88C}庳\u{2F88D}庶\u{2F88E}廊\u{2F890}廾\u{2F893}舁\u{2F894}弢\u{2F895}弢\u{2F899}形\
    \u{2F89A}彫\u{2F89D}忍\u{2F89E}志\u{2F8A0}悁\u{2F8A3}悔\u{2F8A5}惇\u{2F8A6}慈\u{2F8A7}慌\u{2F8A8}慎\u{2F8A9}慌\
    \u{2F8AB}憎\u{2F8AC}憲\u{2F8AD}憤\u{2F8AF}懞\u{2F8B0}懲\u{2F8B1}懶\u{2F8B2}成\u{2F8B3}戛\u{2F8B5}抱\u{2F8B6}拔\
    \u{2F8B7}捐\u{2F8B9}挽\u{2F8BA}拼\u{2F8BB}捨\u{2F8BC}掃\u{2F8BF}搢\u{2F8C0}揅\u{2F8C1}掩\u{2F8C3}摩\u{2F8C5}撝\
    \u{2F8C8}敏\u{2F8C9}敬\u{2F8CB}既\u{2F8CC}書\u{2F8CD}晉\u{2F8CF}暑\u{2F8D2}冒\u{2F8D3}冕\u{2F8D4}最\u{2F8D5}暜\
    \u{2F8D6}肭\u{2F8D8}朗\u{2F8D9}望\u{2F8DB}杞\u{2F8DC}杓\u{2F8E0}枅\u{2F8E1}桒\u{2F8E2}梅\u{2F8E5}栟\u{2F8E8}楂\
    \u{2F8EA}概\u{2F8ED}櫛\u{2F8EF}次\u{2F8F1}歔\u{2F8F3}歳\u{2F8F4}殟\u{2F8F5}殺\u{2F8F6}殻\u{2F8FA}汎\u{2F8FC}沿\
    \u{2F8FD}泍\u{2F8FE}汧\u{2F900}派\u{2F901}海\u{2F902}流\u{2F903}浩\u{2F904}浸\u{2F905}涅\u{2F908}港\u{2F909}湮\
    \u{2F90B}滋\u{2F90C}滇\u{2F90E}淹\u{2F90F}潮\u{2F912}濆\u{2F913}瀹\u{2F914}瀞\u{2F915}瀛\u{2F917}灊\u{2F918}災\
    \u{2F91A}炭\u{2F91C}煅\u{2F920}爨\u{2F921}爵\u{2F922}牐\u{2F924}犀\u{2F928}獺\u{2F929}王\u{2F92B}玥\u{2F92E}瑇\
    \u{2F92F}瑜\u{2F930}瑱\u{2F931}璅\u{2F932}瓊\u{2F934}甤\u{2F936}甾\u{2F938}異\u{2F940}直\u{2F945}眞\u{2F946}真\
    \u{2F947}真\u{2F948}睊\u{2F94A}瞋\u{2F94E}硎\u{2F94F}碌\u{2F950}磌\u{2F953}祖\u{2F956}福\u{2F957}秫\u{2F959}穀\
    \u{2F95B}穏\u{2F962}篆\u{2F963}築\u{2F966}糒\u{2F96A}紀\u{2F96C}絣\u{2F96E}緇\u{2F970}繅\u{2F979}翺\u{2F97A}者\
    \u{2F97D}聠\u{2F97F}聰\u{2F982}育\u{2F983}脃\u{2F985}脾\u{2F986}媵\u{2F98B}舁\u{2F98D}辞\u{2F98F}芑\u{2F990}芋\
    \u{2F991}芝\u{2F993}花\u{2F994}芳\u{2F995}芽\u{2F996}苦\u{2F998}若\u{2F999}茝\u{2F99A}栄\u{2F99B}莭\u{2F99C}茣\
    \u{2F99D}莽\u{2F99F}著\u{2F9A0}荓\u{2F9A1}菊\u{2F9A2}菌\u{2F9A3}菜\u{2F9A8}蓱\u{2F9AC}蕤\u{2F9B3}虐\u{2F9B4}虜\
    \u{2F9B5}虧\u{2F9B6}虩\u{2F9B7}蚩\u{2F9B8}蚈\u{2F9B9}蜎\u{2F9BC}蜨\u{2F9BE}螆\u{2F9C1}蠁\u{2F9C3}衠\u{2F9C4}衣\
    \u{2F9C7}裞\u{2F9CF}誠\u{2F9D0}諭\u{2F9D1}變\u{2F9D2}豕\u{2F9D4}貫\u{2F9D5}賁\u{2F9D6}贛\u{2F9D7}起\u{2F9DA}跋\
    \u{2F9DB}趼\u{2F9DC}跰\u{2F9DE}軔\u{2F9DF}輸\u{2F9E7}鈸\u{2F9E8}鋗\u{2F9E9}鋘\u{2F9EA}鉼\u{2F9EB}鏹\u{2F9EC}鐕\
    \u{2F9EE}開\u{2F9F4}嶲\u{2F9F5}霣\u{2F9FA}韠\u{2FA02}飢\u{2FA07}駾\u{2FA0A}鬒\u{2FA15}麻\u{2FA17}黹\u{2FA1A}鼏\
    \u{2FA1B}鼖\u{2FA1C}鼻";

/// The standard form of a character that certificates lack, in JIS X 0208 or 0212; `None` if it has none.
#[must_use]
pub fn standard_form(character: char) -> Option<char> {
    pairs()
        .find(|(variant, _)| *variant == character)
        .map(|(_, standard)| standard)
}

/// All pairs.
pub(super) fn pairs() -> impl Iterator<Item = (char, char)> {
    [COMMON, COMPATIBILITY].into_iter().flat_map(|table| {
        let characters = table.chars();
        characters.clone().step_by(2).zip(characters.skip(1).step_by(2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::characters::is_carried;
    use std::collections::HashSet;

    #[test]
    fn certificates_lack_every_variant_and_carry_its_standard_form() {
        let mut seen = HashSet::new();
        for (variant, standard) in pairs() {
            let codes = [variant, standard].map(|c| format!("U+{:04X}", u32::from(c)));
            assert!(!is_carried(variant) && is_carried(standard), "{codes:?}");
            assert!(seen.insert(variant), "{codes:?} twice");
        }
        assert_eq!(COMMON.chars().count() % 2 + COMPATIBILITY.chars().count() % 2, 0);
        assert!(seen.len() > 800, "{}", seen.len());
    }

    #[test]
    fn a_variant_has_its_standard_form() {
        for (variant, standard) in [
            ('髙', '高'),
            ('俱', '倶'),
            ('\u{FA11}', '崎'),
            ('𠮷', '吉'),
            ('\u{FA19}', '神'),
            ('\u{FA15}', '煕'),
        ] {
            assert_eq!(standard_form(variant), Some(standard));
        }
        for none in ['𩸽', '①', '高', '\u{E000}'] {
            assert_eq!(standard_form(none), None);
        }
    }
}
