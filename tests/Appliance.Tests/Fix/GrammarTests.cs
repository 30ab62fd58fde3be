using System.Globalization;
using System.Text;
using Appliance.Fix;
using Xunit.Abstractions;

namespace Appliance.Tests.Fix;

/// <summary>
/// Messages generated from the dictionaries' grammar: every one is accepted, and one with a single planted fault is refused for that fault. 10^6 with APPLIANCE_FULL=1, else a tenth.
/// </summary>
public class GrammarTests(ITestOutputHelper output)
{
    [Fact]
    public void What_the_grammar_makes_is_accepted_and_a_planted_fault_is_found()
    {
        int count = SoakCounts.Full ? 1_000_000 : 100_000, seed = SoakCounts.Seed(output, count);
        var random = new Random(seed);
        var versions = new[] { FixVersion.Fix42, FixVersion.Fix44, FixVersion.Fix50, FixVersion.Fix50Sp2 }
            .Select(v => (v, d: FixDictionaries.Shipped(v))).Select(x => (x.v, x.d, validator: new MessageValidator(x.d, new FixValidationOptions { Level = FixValidation.Full, CheckGroupOrder = true }),
                types: x.d.Application.Messages.Concat(x.v.IsFixt ? x.d.Transport.Messages : []).ToList())).ToList();
        var faults = new Dictionary<int, int>();
        for (int i = 0; i < count; i++)
        {
            var (version, dictionaries, validator, types) = versions[random.Next(versions.Count)];
            var type = types[random.Next(types.Count)];
            var body = new List<(int Tag, string Value, bool Top)>();
            Fill(random, type.Body, body, top: true);
            int planted = random.Next(3) == 0 ? Plant(random, type, body, dictionaries) : -1;
            byte[] message = Whole(version, type.Type, body);
            var header = FixHeader.Read(message);
            Assert.Equal(FrameStatus.Complete, FixFramer.Next(message, 1 << 16, out _));
            var verdict = header.RejectReason >= 0 ? new FixVerdict(header.RejectReason, header.RejectTag) : validator.Check(message, in header);
            Assert.True(verdict.Reason == planted, $"seed {seed}, case {i}, {version}: {verdict}, planted {planted}: {FixSamples.Show(message)}");
            faults[planted] = faults.GetValueOrDefault(planted) + 1;
        }
        Assert.True(faults.Count >= 7, "few kinds of faults were planted: " + string.Join(", ", faults));
    }

    private static void Fill(Random random, FieldSet set, List<(int, string, bool)> body, bool top)
    {
        foreach (var member in set.Members)
        {
            bool first = !top && member.Field.Tag == set.FirstTag;
            // Data fields follow their lengths, which are written with them.
            if (member.Field.Type == FixFieldType.Data || !(member.IsRequired || first || random.Next(4) == 0)) continue;
            if (member.Group is { } group)
            {
                int repetitions = random.Next(0, 4);
                body.Add((member.Field.Tag, repetitions.ToString(CultureInfo.InvariantCulture), top));
                for (int i = 0; i < repetitions; i++) Fill(random, group, body, top: false);
                continue;
            }
            var data = member.Field.TypeName == "LENGTH" ? set.Members.FirstOrDefault(m => m.Field.Type == FixFieldType.Data && m.Field.Tag == member.Field.Tag + 1) : null;
            if (data is null)
            {
                body.Add((member.Field.Tag, Value(random, member.Field), top));
                continue;
            }
            string bytes = new([.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => (char)random.Next(1, 256))]);
            body.Add((member.Field.Tag, bytes.Length.ToString(CultureInfo.InvariantCulture), top));
            body.Add((data.Field.Tag, bytes, top));
        }
    }

    private static string Value(Random random, FieldDefinition field)
    {
        if (field.Values.Count > 0) return field.Values[random.Next(field.Values.Count)].Code;
        int number = random.Next(1, 100_000);
        return field.Type switch
        {
            FixFieldType.Int => random.Next(5) == 0 ? $"-{number}" : $"{number:000}",
            FixFieldType.DayOfMonth => random.Next(1, 32).ToString(CultureInfo.InvariantCulture),
            FixFieldType.Decimal => random.Next(4) switch { 0 => $"{number}", 1 => $"-{number}.5", 2 => $".{number}", _ => $"{number}.{number}" },
            FixFieldType.Char => ((char)random.Next('A', 'Z' + 1)).ToString(),
            FixFieldType.Boolean => random.Next(2) == 0 ? "Y" : "N",
            FixFieldType.UtcTimestamp => $"2026{random.Next(1, 13):00}{random.Next(1, 29):00}-{random.Next(24):00}:{random.Next(60):00}:{random.Next(60):00}{(random.Next(2) == 0 ? "" : ".123456")}",
            FixFieldType.UtcTimeOnly => $"{random.Next(24):00}:{random.Next(60):00}:59",
            FixFieldType.Date => $"2026{random.Next(1, 13):00}{random.Next(1, 29):00}",
            FixFieldType.MonthYear => $"2026{random.Next(1, 13):00}{(random.Next(2) == 0 ? "" : "w3")}",
            FixFieldType.MultipleChar => "A B",
            _ => $"T{number} x=y",
        };
    }

    /// <returns>The reason that the fault must be refused for; −1 when this message could not take one.</returns>
    private static int Plant(Random random, MessageDefinition type, List<(int Tag, string Value, bool Top)> body, FixDictionaries dictionaries)
    {
        FieldDefinition FieldOf(int tag) => dictionaries.For(FixMsgType.Pack(Encoding.ASCII.GetBytes(type.Type))).Field(tag)!;
        bool IsPlain((int Tag, string Value, bool Top) f) => f.Top && type.Body.Members[type.Body.PlaceOf(f.Tag)].Group is null && FieldOf(f.Tag).TypeName is not ("LENGTH" or "DATA");
        var plain = Enumerable.Range(0, body.Count).Where(i => IsPlain(body[i])).ToList();
        switch (random.Next(7))
        {
            case 0:
                body.Insert(0, (7777, "x", true));
                return SessionRejectReason.InvalidTag;
            case 1 when body.FindIndex(f => f.Top && IsPlain(f) && type.Body.Members[type.Body.PlaceOf(f.Tag)].IsRequired) is >= 0 and var at:
                body.RemoveAt(at);
                return SessionRejectReason.RequiredTagMissing;
            case 2 when plain.Count > 0:
                int empty = plain[random.Next(plain.Count)];
                body[empty] = (body[empty].Tag, "", true);
                return SessionRejectReason.TagWithoutValue;
            case 3 when plain.Where(i => FieldOf(body[i].Tag) is { IsClosed: true, Type: FixFieldType.Char or FixFieldType.Text }).ToList() is { Count: > 0 } closed:
                int listed = closed[random.Next(closed.Count)];
                body[listed] = (body[listed].Tag, "~", true);
                return SessionRejectReason.ValueIncorrect;
            case 4 when plain.Where(i => FieldOf(body[i].Tag).Type is FixFieldType.Decimal or FixFieldType.UtcTimestamp or FixFieldType.Date or FixFieldType.Int).ToList() is { Count: > 0 } typed:
                int formed = typed[random.Next(typed.Count)];
                body[formed] = (body[formed].Tag, "+1", true);
                return SessionRejectReason.IncorrectDataFormat;
            case 5 when plain.Count > 0:
                body.Insert(0, body[plain[random.Next(plain.Count)]]);
                return SessionRejectReason.TagAppearsMoreThanOnce;
            case 6 when body.FindIndex(f => f.Top && type.Body.Members[type.Body.PlaceOf(f.Tag)].Group is not null) is >= 0 and var count:
                body[count] = (body[count].Tag, "9", true);
                return SessionRejectReason.IncorrectGroupCount;
            default:
                return -1;
        }
    }

    private static byte[] Whole(FixVersion version, string type, List<(int Tag, string Value, bool Top)> body)
    {
        var text = new StringBuilder($"35={type}\u000149=A\u000156=B\u000134=1\u000152=20231114-22:13:20.000\u0001");
        foreach (var (tag, value, _) in body) text.Append(tag).Append('=').Append(value).Append('\u0001');
        string fields = text.ToString(), head = $"8={version.BeginString}\u00019={fields.Length}\u0001";
        return Encoding.Latin1.GetBytes($"{head}{fields}10={(head + fields).Sum(c => c) % 256:000}\u0001");
    }
}
