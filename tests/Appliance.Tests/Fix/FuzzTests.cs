using System.Globalization;
using System.Text;
using Appliance.Fix;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

/// <summary>
/// Mutated messages against every reader, and a live session fed with them. The framer is held against a reference that shares no code with it. 10^7 mutations with
/// APPLIANCE_FULL=1, else a tenth.
/// </summary>
public class FuzzTests(ITestOutputHelper output)
{
    private static readonly byte[][] Seeds = [.. new[] { FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50Sp2 }.SelectMany(v => OwnMessages.Of(v)).Select(m => m.Message)];

    [Fact]
    public void Mutated_messages_crash_nothing_and_none_is_taken_for_sound_that_is_not()
    {
        int count = SoakCounts.Full ? 9_000_000 : 900_000, seed = SoakCounts.Seed(output, count);
        var random = new Random(seed);
        var symbols = FixSamples.Symbols();
        var validators = new[] { FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50Sp2 }.ToDictionary(v => v.BeginString, v => new MessageValidator(FixDictionaries.Shipped(v), new FixValidationOptions { Level = FixValidation.Full }));
        byte[] buffer = new byte[2048];
        long complete = 0, accepted = 0;
        for (int i = 0; i < count; i++)
        {
            int length = Mutate(random, Seeds[random.Next(Seeds.Length)], buffer, reseal: random.Next(4) != 0);
            var message = buffer.AsSpan(0, length);
            var status = FixFramer.Next(message, 1024, out int framed);
            bool sound = IsSound(message, out int soundLength);
            Assert.True((status == FrameStatus.Complete) == sound && (!sound || framed == soundLength), $"seed {seed}, case {i}: {status} {framed}, reference {sound} {soundLength}: {FixSamples.Show(message)}");
            Assert.True(status == FrameStatus.NeedMore ? framed == 0 : framed > 0 && framed <= length, $"seed {seed}, case {i}: {status} {framed}");
            if (!sound) continue;
            complete++;
            message = message[..framed];
            var header = FixHeader.Read(message);
            RequestDecoder.NewOrder(message, in header, symbols, out _);
            RequestDecoder.Cancel(message, in header, symbols, out _);
            RequestDecoder.Replace(message, in header, symbols, out _);
            ReportDecoder.ExecutionReport(message, header.BodyStart);
            ReportDecoder.OrderCancelReject(message, header.BodyStart);
            ReportDecoder.BusinessMessageReject(message, header.BodyStart);
            if (!validators.TryGetValue(Encoding.Latin1.GetString(header.BeginString(message)), out var validator)) continue;
            if (header.RejectReason >= 0 || !validator.Check(message, in header).IsNone) continue;
            accepted++;
            // A tenth is enough for the slow reference.
            if (i % 10 == 0 && WrongWith(message, validator.Dictionaries) is { } wrong) Assert.Fail($"seed {seed}, case {i}: accepted, though {wrong}: {FixSamples.Show(message)}");
        }
        Assert.True(complete > count / 20 && accepted > count / 200, $"one-sided: {complete} complete, {accepted} accepted of {count}");
    }

    [Fact]
    public void A_session_fed_with_mutations_neither_hangs_nor_repeats_nor_grows()
    {
        int count = SoakCounts.Full ? 1_000_000 : 100_000, seed = SoakCounts.Seed(output, count);
        var random = new Random(seed);
        byte[] buffer = new byte[2048];
        var rig = new SessionRig(FixRole.Acceptor, s => s with { HoldBackBytes = 4096 }) { Quiet = true };
        uint expected = 0;
        long taken = 0;
        for (int i = 0; i < count; i++)
        {
            if (!rig.Session.IsUp || i % 2_000 == 0)
            {
                rig.Session.Stop(FixDownReason.Stopped, rig.NowNs, rig.UtcNs);
                rig.Store.Reset();
                rig.Connect().Receive("A", 1, "98=0|108=10|");
                Assert.True(rig.Session.IsUp);
                expected = 2;
            }
            rig.TakeTold();
            string body = $"35={"DDDDDDDD888FG0012345A"[random.Next(21)]}|49=VENUE|56=DESK|34={(random.Next(8) == 0 ? random.Next(1, 40) : (int)rig.Store.NextIncoming)}|52={SessionRig.TimeText(rig.UtcNs)}|" + (random.Next(3)) switch
            {
                0 => "11=5|55=AAPL|54=1|38=100|40=2|44=1.5|",
                1 => "7=1|16=0|36=9|123=Y|112=x|",
                _ => "45=3|373=5|98=0|108=10|141=N|",
            };
            int length = Mutate(random, FixSamples.Message(body), buffer, reseal: true, edits: random.Next(2));
            int consumed = rig.Session.OnBytes(buffer.AsSpan(0, length), rig.NowNs, rig.UtcNs);
            Assert.InRange(consumed, 0, length);
            if (random.Next(50) == 0) rig.Pass(random.NextDouble());
            foreach (string told in rig.TakeTold().Where(t => t.StartsWith("message ", StringComparison.Ordinal)))
            {
                uint number = uint.Parse(told.Split(' ')[1], CultureInfo.InvariantCulture);
                Assert.True(number >= expected, $"seed {seed}, case {i}: message {number} after {expected - 1}");
                expected = number + 1;
                taken++;
            }
        }
        Assert.True(taken > count / 20, $"only {taken} messages were taken of {count}");
    }

    /// <summary>Changes, inserts, removes or doubles bytes or whole fields; resealing puts length and checksum right again.</summary>
    internal static int Mutate(Random random, byte[] seed, byte[] buffer, bool reseal, int edits = -1)
    {
        seed.CopyTo(buffer, 0);
        int length = seed.Length;
        for (int n = edits >= 0 ? edits : random.Next(1, 4); n > 0; n--)
        {
            int at = random.Next(2, length - 8);
            switch (random.Next(5))
            {
                case 0:
                    buffer[at] = (byte)random.Next(256);
                    break;
                case 1:
                    buffer[at] = "0123456789=\u0001-.YN"u8[random.Next(16)];
                    break;
                case 2:
                    buffer.AsSpan(at + 1, length - at - 1).CopyTo(buffer.AsSpan(at));
                    length--;
                    break;
                case 3:
                    buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + 1));
                    length++;
                    break;
                default:
                    int begin = buffer.AsSpan(0, at).LastIndexOf((byte)1) + 1, size = Math.Min(buffer.AsSpan(begin).IndexOf((byte)1) + 1, 200);
                    if (size <= 0 || begin < 12 || length + size > 900) break;
                    buffer.AsSpan(begin, length - begin).CopyTo(buffer.AsSpan(begin + size));
                    length += size;
                    break;
            }
        }
        return reseal ? Reseal(buffer, length) : length;
    }

    private static int Reseal(byte[] buffer, int length)
    {
        var span = buffer.AsSpan(0, length);
        int head = span.IndexOf((byte)1) + 1, trailer = span.LastIndexOf("\u000110="u8) + 1;
        if (head <= 0 || trailer <= head || !span[head..].StartsWith("9="u8)) return length;
        int bodyAt = head + span[head..].IndexOf((byte)1) + 1;
        if (bodyAt > trailer) return length;
        byte[] rest = span[bodyAt..trailer].ToArray();
        byte[] start = [.. span[..head], .. Encoding.ASCII.GetBytes($"9={rest.Length}\u0001"), .. rest];
        int sum = 0;
        foreach (byte b in start) sum = (sum + b) & 255;
        byte[] whole = [.. start, .. Encoding.ASCII.GetBytes($"10={sum:000}\u0001")];
        whole.CopyTo(buffer, 0);
        return whole.Length;
    }

    /// <summary>The frame's definition in plain steps: 8=FIX…, 9=digits, body that begins with 35=, 10= with the sum's three digits.</summary>
    private static bool IsSound(ReadOnlySpan<byte> bytes, out int length)
    {
        length = 0;
        int first = bytes.IndexOf((byte)1);
        if (!bytes.StartsWith("8=FIX"u8) || first is < 0 or > 15 || !bytes[(first + 1)..].StartsWith("9="u8)) return false;
        int second = bytes[(first + 1)..].IndexOf((byte)1);
        if (second < 0) return false;
        string digits = Encoding.Latin1.GetString(bytes.Slice(first + 3, second - 2));
        if (digits.Length is 0 or > 7 || !digits.All(char.IsAsciiDigit)) return false;
        int bodyAt = first + 1 + second + 1, bodyLength = int.Parse(digits, CultureInfo.InvariantCulture), end = bodyAt + bodyLength;
        if (bodyLength > 1024 || end + 7 > bytes.Length || end + 7 > 1024 || !bytes[bodyAt..].StartsWith("35="u8) || bytes[end - 1] != 1) return false;
        int sum = 0;
        for (int i = 0; i < end; i++) sum += bytes[i];
        length = end + 7;
        return Encoding.Latin1.GetString(bytes.Slice(end, 7)) == $"10={sum % 256:000}\u0001";
    }

    /// <summary>What an accepted message must not have, by splitting text: an undefined tag, an empty value, a value that is not listed, a tag twice outside groups, a tag missing.</summary>
    private static string? WrongWith(ReadOnlySpan<byte> message, FixDictionaries dictionaries)
    {
        string text = Encoding.Latin1.GetString(message);
        if (text.Contains("354=", StringComparison.Ordinal) || text.Contains("95=", StringComparison.Ordinal) || text.Contains("93=", StringComparison.Ordinal) || text.Contains("90=", StringComparison.Ordinal) || text.Contains("212=", StringComparison.Ordinal)) return null;
        var fields = text.Split('\u0001', StringSplitOptions.RemoveEmptyEntries).Select(f => f.Split('=', 2)).ToList();
        var type = dictionaries.For(FixMsgType.Pack(Encoding.Latin1.GetBytes(fields[2][1]))).Message(FixMsgType.Pack(Encoding.Latin1.GetBytes(fields[2][1])));
        if (type is null) return "its type is not defined";
        if (fields.Any(f => f.Length < 2 || f[1].Length == 0)) return "a field has no value";
        var tags = fields.Select(f => int.Parse(f[0], CultureInfo.InvariantCulture)).ToList();
        if (!tags.Any(t => type.Body.Members.Any(m => m.Field.Tag == t && m.Group is not null)) && tags.Distinct().Count() != tags.Count) return "a tag stands twice";
        foreach (var member in type.Body.Members.Concat(dictionaries.Transport.Header.Members).Where(m => m.IsRequired))
            if (!tags.Contains(member.Field.Tag)) return $"{member.Field.Name} is missing";
        foreach (string[] field in fields)
        {
            int tag = int.Parse(field[0], CultureInfo.InvariantCulture);
            var definition = dictionaries.Application.Field(tag) ?? dictionaries.Transport.Field(tag);
            if (definition is null) return $"tag {tag} is not defined";
            if (definition.IsClosed && definition.Type is not (FixFieldType.MultipleValue or FixFieldType.MultipleChar) && definition.Values.All(v => v.Code != field[1])) return $"{field[1]} is no value of {definition.Name}";
        }
        return null;
    }
}
