// Emoji by name. Names are those that are usual in chats.
// Knows nothing about where they are put.

const ALL = "smile 😄 grin 😁 joy 😂 rofl 🤣 sweat_smile 😅 blush 😊 wink 😉 heart_eyes 😍 "
  + "tongue 😛 sunglasses 😎 party 🥳 confused 😕 "
  + "sad 🙁 cry 😢 sob 😭 angry 😠 scream 😱 "
  + "hug 🤗 thinking 🤔 facepalm 🤦 shrug 🤷 neutral 😐 eyeroll 🙄 "
  + "yawn 🥱 sleeping 😴 poop 💩 ghost 👻 skull 💀 robot 🤖 "
  + "cat 🐱 dog 🐶 fox 🦊 bear 🐻 panda 🐼 unicorn 🦄 bug 🐛 snake 🐍 "
  + "wave 👋 ok_hand 👌 victory ✌️ +1 👍 thumbsup 👍 "
  + "-1 👎 thumbsdown 👎 clap 👏 raised_hands 🙌 handshake 🤝 pray 🙏 muscle 💪 eyes 👀 "
  + "heart ❤️ broken_heart 💔 "
  + "100 💯 boom 💥 fire 🔥 sparkles ✨ star ⭐ zap ⚡ sun ☀️ rainbow 🌈 earth 🌍 "
  + "tada 🎉 gift 🎁 trophy 🏆 game 🎮 "
  + "coffee ☕ beer 🍺 pizza 🍕 cake 🍰 popcorn 🍿 "
  + "rocket 🚀 car 🚗 house 🏠 "
  + "computer 💻 keyboard ⌨️ phone 📱 bulb 💡 books 📚 memo 📝 pin 📌 "
  + "chart 📈 mail 📧 package 📦 lock 🔒 key 🔑 hammer 🔨 wrench 🔧 gear ⚙️ link 🔗 "
  + "flag 🚩 bell 🔔 search 🔍 hourglass ⏳ clock ⏰ "
  + "check ✅ x ❌ warning ⚠️ stop 🛑 question ❓ exclamation ❗ construction 🚧 ok 🆗 new 🆕 up ⬆️ down ⬇️ left ⬅️ right ➡️";

/** @type {Map<string, string>} */
const names = new Map();

/** @returns {ReadonlyMap<string, string>} from names to emoji */
export function emojiNamed() {
  if (names.size === 0) for (const [, name, emoji] of ALL.matchAll(/(\S+) (\S+)/g)) names.set(name, emoji);
  return names;
}
