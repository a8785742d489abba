"""Every state of the page by name, and how a real Chromium gets into it; for the pictures and for the tests.

A further state is one function below, with `@state`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Page, expect

from tcp_core.secret import Secret
from tests.browser_tools import AT_ONCE, IN_A_WHILE, Tab
from tests.stage import TODAY, Stage, gone, say

PASSWORD = "open sesame"

State = Callable[[Stage], Tab]
STATES: dict[str, State] = {}


def state(bring: State) -> State:
    """Put a function into the table, under its own name."""
    STATES[bring.__name__.replace("_", "-")] = bring
    return bring


# ------------------------------------------------------------------- the entrance


@state
def join(stage: Stage) -> Tab:
    stage.room()
    return stage.tab()


@state
def join_with_password(stage: Stage) -> Tab:
    stage.room(password=Secret(PASSWORD))
    ann = stage.tab()
    ann.page.fill("#nick", "Ann")
    ann.page.click("#join")
    ann.page.fill("#password", "guess")
    ann.page.click("#join")
    expect(ann.page.locator("#join-error")).not_to_be_empty()
    return ann


@state
def join_refused(stage: Stage) -> Tab:
    stage.room()
    ann = stage.tab()
    ann.page.fill("#nick", "*")
    ann.page.click("#join")
    expect(ann.page.locator("#join-error")).not_to_be_empty()
    return ann


# ------------------------------------------------------------------- the room


def alone(stage: Stage, script: str = "", *, network: bool = False) -> Tab:
    stage.room()
    ann = stage.tab(script, stage.network if network else None)
    ann.join("Ann")
    expect(ann.log("joined")).to_have_count(1)
    return ann


def busy(stage: Stage, script: str = "", *, network: bool = False) -> Tab:
    """Bring Ann into a room where people have talked since yesterday."""
    stage.room(operator_password=Secret(PASSWORD))
    stage.now = TODAY - timedelta(hours=16, minutes=12)
    people = {nick: stage.person(nick) for nick in ("Noor", "Tom", "Олег")}
    say(people["Noor"], "Slides for the workshop are in the shared folder, one file for each part.")
    say(people["Tom"], "Thanks! Is the second part final?")
    stage.now += timedelta(minutes=3)
    say(people["Noor"], "Nearly. I will redo the diagram on page 12 tonight.", "The rest stays as it is.")
    say(people["Олег"], "Проектор в 204-й проверен, работает.")
    stage.now = TODAY - timedelta(minutes=22)
    say(people["Tom"], "Good morning. I am at the door with the name tags, come and get yours.")
    stage.people = people
    kim = stage.person("kim")
    stage.now += timedelta(minutes=4)
    say(kim, "I have only a terminal on this machine, so: hello from nc :)")
    say(people["Noor"], "Hello kim! You see everything that we see.")
    say(people["Noor"], "The first exercise starts at ten. Please clone the repository before that:")
    say(people["Noor"], "https://example.org/workshop.git")
    stage.now += timedelta(minutes=9)
    say(kim, "Done. Tests are green on 3.11 and 3.13.")
    say(people["Олег"], "У меня тоже. Кто-нибудь видел удлинитель?")
    say(people["Tom"], "Third cupboard, next to the window.")
    stage.now = TODAY
    ann = stage.tab(script, stage.network if network else None)
    ann.join("Ann")
    ann.hears("Tom", "Third cupboard, next to the window.")
    ann.say("Coffee is ready in the kitchen ☕")
    ann.hears("Ann", "Coffee is ready in the kitchen ☕")
    say(people["Tom"], "Coming!")
    ann.hears("Tom", "Coming!")
    expect(ann.pending()).to_have_count(0)
    return ann


def long(stage: Stage, messages: int = 240, *, network: bool = False) -> Tab:
    """Bring Ann into a room where much has been said."""
    stage.room()
    mira, tom = stage.person("Noor"), stage.person("Tom")
    for n in range(0, messages, 4):
        stage.now = TODAY - timedelta(minutes=messages - n)
        say(mira, *(f"Message {n + part} of a long conversation" for part in range(3)))
        say(tom, f"And {n + 3}, from somebody else")
    stage.now = TODAY
    stage.people = {"Noor": mira, "Tom": tom}
    ann = stage.tab(AT_ONCE, stage.network if network else None)
    ann.join("Ann")
    expect(ann.log("joined").last).to_contain_text("Ann")
    return ann


@state
def room_empty(stage: Stage) -> Tab:
    return alone(stage)


@state
def room(stage: Stage) -> Tab:
    return busy(stage)


@state
def room_long(stage: Stage) -> Tab:
    return long(stage)


@state
def earlier_asked(stage: Stage) -> Tab:
    ann = long(stage, network=True)
    stage.stack.enter_context(stage.network.one_way())
    ann.page.evaluate("document.querySelector('#scroller').scrollTop = 0")
    expect(ann.page.locator("#earlier")).to_have_attribute("aria-disabled", "true")
    return ann


@state
def earlier_all(stage: Stage) -> Tab:
    ann = long(stage)
    to_the_beginning(ann.page)
    return ann


def to_the_beginning(page: Page) -> None:
    page.wait_for_function("""() => {
      document.querySelector("#scroller").scrollTop = 0;
      return !document.querySelector("#beginning").hidden;
    }""")
    page.evaluate("document.querySelector('#scroller').scrollTop = 0")


@state
def scrolled_up(stage: Stage) -> Tab:
    ann = long(stage)
    ann.page.evaluate("document.querySelector('#scroller').scrollTop -= 700")
    expect(ann.page.locator("#jump")).to_be_visible()
    say(stage.people["Tom"], "One", "Two", "Three")
    expect(ann.page.locator("#jump")).to_contain_text("3")
    return ann


@state
def new_since(stage: Stage) -> Tab:
    ann = busy(stage, AT_ONCE, network=True)
    stage.network.cut()
    ann.is_in("reconnecting")
    say(stage.people["Noor"], "Ann, is there tea as well?", "And milk?")
    stage.network.mend()
    ann.is_in("connected")
    expect(ann.page.locator(".since")).to_be_visible()
    return ann


@state
def people_narrow(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.page.set_viewport_size({"width": 320, "height": 640})
    ann.page.click("#people-toggle")
    expect(ann.page.locator("#people-panel")).to_be_visible()
    return ann


@state
def long_texts(stage: Stage) -> Tab:
    stage.room()
    long_nick, many = stage.person("W" * 32), stage.person("Ulla")
    say(long_nick, "x" * 4000, "short")
    ann = stage.tab()
    ann.join("A_nick_of_thirty_two_characters_")
    say(many, "before the lines")
    ann.page.fill("#message", "\n".join(f"line {n}" for n in range(1, 31)))
    ann.page.press("#message", "Enter")
    expect(ann.log("said").last).to_contain_text("line 30")
    ann.page.fill("#message", "y" * 3950)
    expect(ann.page.locator("#message-left")).not_to_be_empty()
    return ann


@state
def right_to_left(stage: Stage) -> Tab:
    stage.room()
    layla, david = stage.person("ليلى"), stage.person("דוד")
    say(layla, "صباح الخير! الشرائح في المجلد المشترك.", "هل الجزء الثاني جاهز (version 2.1)؟")
    say(david, "בוקר טוב, אני ליד הדלת עם תגי השם.", "An English sentence from David, with שלום in it.")
    ann = stage.tab()
    ann.join("ميرا")
    ann.say("شكرا جزيلا")
    ann.hears("ميرا", "شكرا جزيلا")
    return ann


@state
def folded(stage: Stage) -> Tab:
    ann = alone(stage)
    tom = stage.person("Tom")
    say(tom, "Here they come")
    guests = [stage.person(nick) for nick in ("Bea", "Cem", "Dana", "Emil", "Fay", "Gus")]
    gone(guests[0])
    gone(guests[1])
    say(tom, "That was everybody")
    ann.hears("Tom", "That was everybody")
    expect(ann.page.locator("details.fold")).to_have_count(1)
    return ann


@state
def folded_open(stage: Stage) -> Tab:
    ann = folded(stage)
    ann.page.click("details.fold > summary")
    expect(ann.page.locator("details.fold .line").first).to_be_visible()
    return ann


@state
def commands(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.say("/help")
    expect(ann.remark("notice")).to_have_count(1)
    ann.say("/oper guess")
    expect(ann.remark("refused")).to_have_count(1)
    return ann


@state
def removed(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.say(f"/oper {PASSWORD}")
    expect(ann.remark("notice")).to_have_count(1)
    ann.say("/clear Noor 2")
    expect(ann.page.locator(".removed")).to_have_count(2)
    return ann


@state
def refused(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.say("/dance")
    expect(ann.pending()).to_have_attribute("data-pending", "refused")
    return ann


@state
def written(stage: Stage) -> Tab:
    """Links, code, and somebody who is mentioned."""
    ann = busy(stage)
    noor, tom = stage.people["Noor"], stage.people["Tom"]
    say(noor, "Ann: the sources are at https://example.org/workshop?part=2 (or `git pull`).")
    ann.say("This is what I get:\n```\n$ make test\n3 failed, 2201 passed in 94.97s\n```\nAny idea?")
    say(tom, "שלום @ann, נסי `make clean`: https://example.org/clean")
    expect(ann.page.locator("#log mark")).to_have_count(2)
    return ann


# ------------------------------------------------------------------- writing


def typed(stage: Stage, text: str) -> Tab:
    ann = busy(stage)
    ann.page.locator("#message").press_sequentially(text)
    expect(ann.page.locator("#suggestions")).to_be_visible()
    return ann


@state
def completing_command(stage: Stage) -> Tab:
    ann = typed(stage, "/")
    ann.page.keyboard.press("ArrowDown")
    return ann


@state
def completing_nick(stage: Stage) -> Tab:
    return typed(stage, "so says @")


@state
def completing_emoji(stage: Stage) -> Tab:
    return typed(stage, "well :th")


@state
def pasting(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.page.evaluate("""() => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "one\\ntwo\\nthree\\nfour");
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, cancelable: true }));
    }""")
    expect(ann.page.locator("#paste")).to_be_visible()
    return ann


# ------------------------------------------------------------------- the menu of a nick


@state
def nick_menu(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.log("said").last.locator(".nick").click()
    expect(ann.page.get_by_role("menu")).to_be_visible()
    return ann


@state
def ignored(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.say("/ignore Tom")
    expect(ann.page.locator("#people")).to_contain_text("Tom (")
    return ann


# ------------------------------------------------------------------- without a connection


@state
def offline(stage: Stage) -> Tab:
    ann = busy(stage, IN_A_WHILE, network=True)
    stage.network.cut()
    ann.is_in("reconnecting")
    ann.say("This one waits for the connection")
    expect(ann.pending()).to_have_count(1)
    expect(ann.page.locator("#countdown")).not_to_be_empty()
    expect(ann.page.locator("#unsent")).to_be_visible()
    return ann


@state
def before(stage: Stage) -> Tab:
    ann = busy(stage, IN_A_WHILE)
    ann.page.reload()
    ann.hears("Tom", "Coming!")
    stage.core.server.stop()
    ann.page.reload()
    expect(ann.page.locator("#before")).to_be_visible()
    ann.is_in("reconnecting")
    return ann


@state
def kicked(stage: Stage) -> Tab:
    ann = busy(stage)
    tom = stage.people["Tom"]
    say(tom, f"/oper {PASSWORD}", "/kick Ann The workshop is over, thank you all for coming")
    ann.is_in("ended")
    return ann


@state
def taken_over(stage: Stage) -> Tab:
    ann = busy(stage)
    session = ann.page.evaluate("JSON.parse(sessionStorage.getItem('parley.session')).session")
    stage.core.web().join("Ann", session=session)
    ann.is_in("ended")
    return ann


@state
def left(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.page.click("#leave")
    ann.is_in("ended")
    return ann


# ------------------------------------------------------------------- dialogs


def dialog(ann: Tab, name: str) -> Tab:
    ann.page.click(f"#{name}")
    expect(ann.page.locator(f"#{name}-dialog")).to_be_visible()
    return ann


@state
def rename(stage: Stage) -> Tab:
    ann = dialog(busy(stage), "rename")
    ann.page.fill("#new-nick", "Tom")
    ann.page.click("#rename-save")
    expect(ann.page.locator("#rename-error")).not_to_be_empty()
    return ann


@state
def settings(stage: Stage) -> Tab:
    return dialog(busy(stage), "settings")


@state
def invite(stage: Stage) -> Tab:
    return dialog(busy(stage), "invite")


@state
def shortcuts(stage: Stage) -> Tab:
    ann = busy(stage)
    ann.page.keyboard.press("Tab")
    ann.page.focus("#scroller")
    ann.page.keyboard.press("?")
    expect(ann.page.locator("#shortcuts-dialog")).to_be_visible()
    return ann


# ------------------------------------------------------------------- finding


def finder(stage: Stage, text: str) -> Tab:
    ann = busy(stage)
    ann.page.keyboard.press("Control+Shift+F")
    ann.page.fill("#find-text", text)
    expect(ann.page.locator("#find-status")).not_to_be_empty()
    return ann


@state
def found(stage: Stage) -> Tab:
    ann = finder(stage, "the")
    expect(ann.page.locator(".line.found")).to_have_count(1)
    return ann


@state
def found_nothing(stage: Stage) -> Tab:
    return finder(stage, "a needle")
