using System.Text;
using Appliance.Fix;

namespace Appliance.Tests.Fix;

/// <summary>The reader of fields, of decimals and of times against others that go byte by byte: on sound messages, on messages with a byte changed, cut or added, from any place, of any length.</summary>
public class FieldReaderTests
{
    /// <summary>What the reader promises, written plainly.</summary>
    private static string Plainly(byte[] m, int from)
    {
        var seen = new StringBuilder();
        int dataTag = 0, at = from;
        uint dataLength = 0;
        while (at < m.Length)
        {
            int equals = at;
            while (equals < m.Length && m[equals] is >= (byte)'0' and <= (byte)'9') equals++;
            if (equals == at || equals - at > 9 || equals >= m.Length || m[equals] != '=' || m[at] == '0') return seen + "malformed";
            int tag = int.Parse(Encoding.ASCII.GetString(m, at, equals - at), System.Globalization.CultureInfo.InvariantCulture);
            int end = Array.IndexOf(m, (byte)1, equals + 1);
            if (dataTag == tag && dataTag != 0) end = equals + 1 + dataLength < m.Length && m[equals + 1 + (int)dataLength] == 1 ? equals + 1 + (int)dataLength : -1;
            dataTag = 0;
            if (end < 0) return seen + "malformed";
            seen.Append(tag).Append(':').Append(Convert.ToHexString(m, equals + 1, end - equals - 1)).Append(' ');
            if (tag is 95 or 90 or 93 or 212 or 354 && uint.TryParse(Encoding.ASCII.GetString(m, equals + 1, end - equals - 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out uint length) && length <= 999_999_999)
                (dataTag, dataLength) = (tag == 93 ? 89 : tag + 1, length);
            at = end + 1;
        }
        return seen.ToString();
    }

    private static string ByReader(byte[] m, int from)
    {
        var seen = new StringBuilder();
        var fields = new FixFieldReader(m, from);
        while (fields.Read(out int tag, out var value)) seen.Append(tag).Append(':').Append(Convert.ToHexString(value)).Append(' ');
        return seen + (fields.Malformed ? "malformed" : "");
    }

    [Fact]
    public void Every_field_is_the_one_that_stands_there()
    {
        int[] tags = [1, 8, 9, 34, 49, 52, 55, 90, 91, 95, 96, 99, 150, 212, 213, 354, 355, 528, 999, 1128, 5001, 12_345, 123_456, 1_234_567, 12_345_678, 123_456_789];
        var random = new Random(29);
        for (int round = 0; round < 20_000 * (SoakCounts.Full ? 50 : 1); round++)
        {
            var bytes = new List<byte>();
            for (int fields = random.Next(1, 40); fields > 0; fields--)
            {
                bytes.AddRange(Encoding.ASCII.GetBytes($"{tags[random.Next(tags.Length)]}="));
                for (int length = random.Next(4) == 0 ? random.Next(90) : random.Next(9); length > 0; length--) bytes.Add((byte)"0123456789ABCDEF=.-"[random.Next(random.Next(2) == 0 ? 10 : 19)]);
                bytes.Add(1);
            }
            for (int mutations = random.Next(3); mutations > 0; mutations--)
            {
                int at = random.Next(bytes.Count);
                switch (random.Next(3))
                {
                    case 0: bytes[at] = (byte)random.Next(256); break;
                    case 1: bytes.RemoveRange(at, random.Next(bytes.Count - at)); break;
                    default: bytes.Insert(at, (byte)"=\u0001012"[random.Next(5)]); break;
                }
                if (bytes.Count == 0) break;
            }
            // An array of its own length: whoever reads beyond it meets another object.
            byte[] message = [.. bytes];
            int from = random.Next(3) == 0 ? random.Next(message.Length + 1) : 0;
            Assert.Equal(Plainly(message, from), ByReader(message, from));
        }
    }

    [Fact]
    public void Every_day_and_second_reads_as_the_calendar_has_it()
    {
        var random = new Random(31);
        var day = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (int i = 0; day.Year < 2262; i++, day = day.AddDays(1))
        {
            var time = day.AddTicks(random.NextInt64(TimeSpan.TicksPerDay));
            string text = time.ToString("yyyyMMdd-HH:mm:ss" + new[] { "", ".fff", ".ffffff", ".fffffff" }[i % 4], System.Globalization.CultureInfo.InvariantCulture);
            long ticks = (time - DateTime.UnixEpoch).Ticks;
            long expected = (i % 4) switch { 0 => ticks / 10_000_000 * 1_000_000_000, 1 => ticks / 10_000 * 1_000_000, 2 => ticks / 10 * 1_000, _ => ticks * 100 };
            Assert.True(FixTimestamp.TryParse(Encoding.ASCII.GetBytes(text), out long utcNs) && utcNs == expected, $"{text}: {utcNs}");
        }
    }

    [Theory]
    [InlineData("20260229-00:00:00"), InlineData("20260431-00:00:00"), InlineData("20261301-00:00:00"), InlineData("20260100-00:00:00"), InlineData("2026010a-00:00:00"), InlineData("20260101-24:00:00")]
    [InlineData("20260101-00:60:00"), InlineData("20260101-00:00:61"), InlineData("20260101-0:000:00"), InlineData("20260101-00;00:00"), InlineData("20260101-00:00:0:"), InlineData("20260101 00:00:00"), InlineData("20260101-00:00:00.")]
    [InlineData("20260101-00:00:00.12a"), InlineData("19691231-23:59:59"), InlineData("22620101-00:00:00"), InlineData("20260101-\u00900:00:00")]
    public void What_is_no_time_is_refused(string text) => Assert.False(FixTimestamp.TryParse(Encoding.Latin1.GetBytes(text), out _));

    [Fact]
    public void Numbers_of_any_length_are_read_or_refused()
    {
        var random = new Random(37);
        for (int round = 0; round < 20_000 * (SoakCounts.Full ? 50 : 1); round++)
        {
            char[] text = new char[random.Next(0, 23)];
            for (int i = 0; i < text.Length; i++) text[i] = random.Next(60) == 0 ? (char)random.Next(1, 255) : (char)('0' + random.Next(10));
            string s = new(text);
            bool isNumber = s.Length is > 0 and <= 20 && s.All(char.IsAsciiDigit) && ulong.TryParse(s, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out _);
            Assert.True(FixNumber.TryParseUnsigned(Encoding.Latin1.GetBytes(s), out ulong value) == isNumber, s);
            if (isNumber) Assert.Equal(ulong.Parse(s, System.Globalization.CultureInfo.InvariantCulture), value);

            int decimals = random.Next(0, 13), length = random.Next(0, 15);
            string d = string.Concat(Enumerable.Range(0, length).Select(_ => random.Next(9) switch { 0 => ".", 1 when random.Next(6) == 0 => "-", 2 when random.Next(9) == 0 => "x", _ => ((char)('0' + random.Next(10))).ToString() }));
            string digits = d.StartsWith('-') ? d[1..] : d;
            bool isDecimal = digits.Any(char.IsAsciiDigit) && digits.All(c => char.IsAsciiDigit(c) || c == '.') && digits.Count(c => c == '.') <= 1;
            var parse = FixNumber.ParseDecimal(Encoding.ASCII.GetBytes(d), decimals, out long units);
            if (!isDecimal) { Assert.Equal(DecimalParse.Malformed, parse); continue; }
            decimal exact = decimal.Parse(d, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture) * (decimal)Math.Pow(10, decimals);
            if (Math.Abs(exact) > long.MaxValue / 4) continue;
            Assert.Equal((parse, units), (exact == decimal.Truncate(exact) ? DecimalParse.Exact : DecimalParse.Rounded, (long)Math.Round(exact, MidpointRounding.AwayFromZero)));
        }
    }
}
