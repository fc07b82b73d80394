"""Keys: on every layout, and where they go after a click or a text."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.studio import Studio

PRESS = """([key, code, modifiers]) => {
    for (const type of ["keydown", "keyup"])
        document.activeElement.dispatchEvent(
            new KeyboardEvent(type, { key, code, bubbles: true, cancelable: true, ...modifiers }));
}"""


def press(page: Page, key: str, code: str, **modifiers: bool) -> None:
    """As a keyboard of another layout would."""
    page.evaluate(PRESS, [key, code, modifiers])


def test_letters_of_any_script(studio: Studio) -> None:
    body = studio.page.locator("body")
    for remove, draw in (("ㄷ", "ㅠ"), ("Process", "Process"), ("у", "и"), ("ε", "β"), ("ㄍ", "ㄖ")):
        press(studio.page, remove, "KeyE")
        expect(body).to_have_attribute("data-mode", "remove")
        press(studio.page, draw, "KeyB")
        expect(body).to_have_attribute("data-mode", "draw")


def test_every_other_shortcut_on_a_korean_keyboard(studio: Studio) -> None:
    page = studio.page
    studio.choose("tree")
    for key, code, tool in (
        ("ㄹ", "KeyF", "brush"),
        ("ㅣ", "KeyL", "line"),
        ("ㅡ", "KeyM", "rect"),
        ("ㅌ", "KeyX", "eraser"),
    ):
        press(page, key, code)
        expect(page.locator(f"#tools [data-value={tool}]")).to_have_attribute("aria-checked", "true")
    press(page, "ㅁ", "KeyA")
    studio.wait_for_edits(1)
    press(page, "ㅋ", "KeyZ", ctrlKey=True)
    studio.wait_for_edits(0)
    press(page, "ㅋ", "KeyZ", ctrlKey=True, shiftKey=True)
    studio.wait_for_edits(1)
    press(page, "ㅑ", "KeyI")
    expect(page.locator("#inspector")).to_be_visible()


def test_what_other_keys_type_is_not_taken_for_its_place(studio: Studio) -> None:
    page = studio.page
    names = page.locator("#palette [role=radio]").evaluate_all("all => all.map(e => e.dataset.value)")
    press(page, "é", "Digit2")  # French
    expect(page.locator(f"#palette [data-value={names[1]}]")).to_have_attribute("aria-checked", "true")
    size = int(page.locator("#size").input_value())
    press(page, "[", "Digit5", altKey=True)  # German, with Option
    assert int(page.locator("#size").input_value()) < size
    press(page, "“", "BracketRight", altKey=True)
    expect(page.locator("#size")).to_have_value(str(size))
    press(page, "∫", "KeyB", altKey=True)
    press(page, "e", "KeyE", altKey=True)  # the browser's
    expect(page.locator("body")).to_have_attribute("data-mode", "draw")
    press(page, "+", "BracketRight")  # German
    expect(page.locator("#fit")).to_be_visible()
    expect(page.locator("#size")).to_have_value(str(size))
    press(page, "à", "Digit0", ctrlKey=True)
    expect(page.locator("#fit")).to_be_hidden()
    press(page, "Home", "Numpad7")
    expect(page.locator(f"#palette [data-value={names[1]}]")).to_have_attribute("aria-checked", "true")
    press(page, "?", "Minus", shiftKey=True)  # German
    expect(page.locator("#help")).to_be_visible()


def test_space_pans_whatever_was_clicked_last(studio: Studio) -> None:
    page = studio.page
    view = "document.getElementById('view').style.transform"
    for focused in ("#size", "#strength", "#mode-draw", "#undo", "#more summary"):
        page.keyboard.press("0")
        for _ in range(3):
            page.keyboard.press("+")
        before = page.evaluate(view)
        page.locator(focused).focus()
        page.mouse.move(*studio.at((0.5, 0.5)))
        page.keyboard.down("Space")
        page.mouse.down()
        page.mouse.move(*studio.at((0.4, 0.4)), steps=3)
        page.mouse.up()
        page.keyboard.up("Space")
        assert page.evaluate(view) != before, focused
        expect(page.locator("#undo")).to_have_attribute("aria-disabled", "true")


def test_enter_gives_the_keys_back_to_the_picture(studio: Studio) -> None:
    page = studio.page
    page.locator("#seed").fill("31")
    page.keyboard.press("Enter")
    expect(studio.stage).to_be_focused()
    page.keyboard.press("e")
    expect(page.locator("body")).to_have_attribute("data-mode", "remove")
    expect(page.locator("#seed")).to_have_value("31")
    page.locator("#seed").fill("no seed")
    page.keyboard.press("Enter")
    expect(page.locator("#seed")).to_be_focused()
