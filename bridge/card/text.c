/*
 * What passport-card says.
 */
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum
{
	ENGLISH,
	JAPANESE
};

static int language = ENGLISH;

static const char *const texts[TEXT_COUNT][2] = {
    [TEXT_NO_SERVICE] = {"The smart card service (pcscd) does not answer: %s",
                         "スマートカードのサービス（pcscd）が応答しません: %s"},
    [TEXT_NO_READER] = {"No card reader is connected, or none of that name.",
                        "カードリーダーが見つかりません。"},
    [TEXT_NO_CARD] = {"No card is on the reader.", "カードが置かれていません。"},
    [TEXT_MANY_CARDS] = {"More than one reader has a card: name one with --reader.",
                         "カードが複数あります。--reader でリーダーを選んでください。"},
    [TEXT_READER_FAILED] = {"The reader fails: %s", "カードリーダーの異常です: %s"},
    [TEXT_WAITING] = {"Put your card on the reader.", "カードをリーダーに置いてください。"},
    [TEXT_NOT_JPKI] = {"This is not an individual number card.",
                       "マイナンバーカードではありません。"},
    [TEXT_NO_CERTIFICATE] = {"The card has no such certificate.",
                             "カードに電子証明書が入っていません。"},
    [TEXT_CARD_FAILED] = {"The card does not answer as it should (status %04X).",
                          "カードから正しい応答がありません（状態 %04X）。"},
    [TEXT_LABEL] = {"card: %s", "カード: %s"},
    [TEXT_TRIES_AUTHENTICATION] = {"authentication PIN: %d tries left",
                                   "利用者証明用電子証明書の暗証番号: あと%d回"},
    [TEXT_TRIES_SIGNATURE] = {"signature password: %d tries left",
                              "署名用電子証明書の暗証番号: あと%d回"},
    [TEXT_BLOCKED_AUTHENTICATION] =
        {"The authentication PIN is blocked. The municipal office can set a new one.",
         "利用者証明用電子証明書の暗証番号がロックされています。役場の窓口で再設定できます。"},
    [TEXT_BLOCKED_SIGNATURE] =
        {"The signature password is blocked. The municipal office can set a new one.",
         "署名用電子証明書の暗証番号がロックされています。役場の窓口で再設定できます。"},
    [TEXT_LAST_TRY] = {"Only one try is left, so it is not used. Use --last-try if you are sure.",
                       "残り1回のため中止しました。確実な場合は --last-try を付けてください。"},
    [TEXT_ASK_AUTHENTICATION] = {"Authentication PIN (4 digits): ",
                                 "利用者証明用電子証明書の暗証番号（数字4桁）: "},
    [TEXT_ASK_SIGNATURE] = {"Signature password (6 to 16 letters and digits): ",
                            "署名用電子証明書の暗証番号（英数字6〜16桁）: "},
    [TEXT_NO_PIN] = {"No PIN was given.", "暗証番号が入力されませんでした。"},
    [TEXT_ODD_AUTHENTICATION] = {"The PIN has 4 digits. It was not tried.",
                                 "暗証番号は数字4桁です。照合は行いませんでした。"},
    [TEXT_ODD_SIGNATURE] = {"The password has 6 to 16 letters and digits. It was not tried.",
                            "暗証番号は英数字6〜16桁です。照合は行いませんでした。"},
    [TEXT_WRONG_PIN] = {"Wrong PIN, %d tries left.", "暗証番号が違います。あと%d回です。"},
    [TEXT_SIGNING] = {"Your card will sign this text:", "次の文に電子署名します。"},
    [TEXT_NO_DATABASE] = {"The service cannot be reached.", "サービスに接続できません。"},
    [TEXT_DATABASE] = {"The service does not answer: %s", "サービスが応答しません: %s"},
    [TEXT_REGISTERED] = {"Registered.", "登録しました。"},
    [TEXT_QUEUED] = {"Received. The municipal office will check it and tell you.",
                     "受け付けました。役場で確認してお知らせします。"},
    [TEXT_REFUSED] = {"Refused: %s", "受け付けられませんでした: %s"},
    [TEXT_LOGGED_IN] = {"Logged in.", "ログインしました。"},
    [TEXT_CHECKED_IN] = {"Checked in.", "受け付けました。"},
    [TEXT_CHECKED_OUT] = {"Checked out.", "退所を受け付けました。"},
    [TEXT_NOT_IN] = {"This card was not checked in here.",
                     "このカードはここで受付されていません。"},
    [TEXT_UNKNOWN_CARD] = {"This card is not registered. Take the person in by name.",
                           "登録のないカードです。名前で受け付けてください。"},
    [TEXT_MISSING] = {"Of the household, not here yet: %s", "同じ世帯でまだ来ていない人: %s人"},
};

void
text_choose_language(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
	{
		const char *value = getenv(variables[i]);

		if (value != NULL && *value != '\0')
		{
			language = strncmp(value, "ja", 2) == 0 ? JAPANESE : ENGLISH;
			return;
		}
	}
}

const char *
text(Text which)
{
	return texts[which][language];
}
