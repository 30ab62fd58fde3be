using System.Globalization;
using System.Text;
using Appliance.Host.Configuration;
using Appliance.Host.Greeks;
using Appliance.Kernels;
using Appliance.Kernels.ImpliedVolatility;
using Appliance.Kernels.Pricing;
using Appliance.TestKit;
using Xunit.Abstractions;

namespace Appliance.Tests.Compute;

/// <summary>
/// Files of contracts with random damage: nothing throws, every row is answered in its place, what a strict parser of its own writing calls bad is not priced, and what it calls
/// good has the pricer's own numbers. Every contract and model stands in the rows, columns in any order, with the price's column or without. 10,000 files with APPLIANCE_FULL=1, else a tenth; the seed rotates, is printed, and can be given as APPLIANCE_SEED.
/// </summary>
public class GreeksMutationTests(ITestOutputHelper output)
{
    /// <summary>Rows with something odd about their text; <see cref="Rows"/> has every contract and model besides.</summary>
    private static readonly string[] OddRows =
    [
        "a1,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2,,,,,,,,,,,,,,,",
        "a2,european,black-scholes,put,100.25,95.5,1.75,-0.005,0,0.35,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
        "a3,european,black76,call,61700.5,62000,0.0833333333333333,0.04,,0.55,,,,,,,,,,,,,,,",
        "\"a,4\",european,black76,put,50,55,3e0,.02,,1.2,,,,,,,,,,,,,,,",
        "\"a \"\"5\"\"\",european,black-scholes,call,1e2,100,0,0.01,0.02,0.3,,,,,,,,,,,,,,,",
        "a6,european,black-scholes,put,100,80,2,0.05,0.02,0.,,,,,,,,,,,,,,,",
        "a7,cash-digital,black-scholes,call,100,110,1,0.02,0.01,0.25,,,10,,,,,,,,,,,,",
        "a8,down-and-out,black-scholes,call,100,100,1,0.03,0.0,0.2,90,1.5,,,,,,,,,,,,,",
        "a9,lookback-floating,black-scholes,put,100,,1,0.03,0.01,0.2,,,,110,,,,,,,,,,,",
        "a10,asian-geometric,black-scholes,call,100,98,0.5,0.03,0.01,0.2,,,,,12,4,101,,,,,,,,",
        "a11,asset-digital,black-scholes,put,123456789012345678901234567890e-28,12,1,0.02,0.01,0.25,,,,,,,,,,,,,,,",
        "a12,american,black-scholes,put,100,104,0.75,0.04,0.01,0.3,,,,,,,,,,,,,,,",
        "a13,american,black-scholes,call,100,97,0.5,0.03,0.05,0.25,,,,,,,,,,,,,,,",
        "a15,european,heston,call,100,105,1,0.03,0.01,,,,,,,,,1.5,0.06,0.5,-0.6,0.04,,,",
        "a16,european,bates,put,100,95,1,0.03,0.01,,,,,,,,,1.5,0.06,0.5,-0.6,0.04,0.4,-0.1,0.15",
        "a17,cash-digital,merton,call,100,102,0.5,0.02,0.01,0.2,,,10,,,,,,,,,,0.5,-0.1,0.15",
        "a19,asian-arithmetic,black-scholes,call,100,98,0.5,0.03,0.01,0.2,,,,,12,4,101,,,,,,,,",
        "a20,asian-arithmetic,black76,put,100,98,0.5,0.03,,0.2,,,,,,,,,,,,,,,",
        "a18,european,merton,put,100,102,0.5,0.02,0.01,0.2,,,,,,,,,,,,,0.5,-0.1,0.15",
    ];

    private static readonly string[][] Rows = [.. OddRows.Select(Cut), .. Combinations()];

    /// <summary>In the last field a price, to be solved for its volatility: by turns within the bounds, without time value, and beyond the asset.</summary>
    private static readonly string[][] PricedRows =
    [
        Cut("p1,european,black-scholes,call,100,105,0.5,0.03,0.01,,,,,,,,,,,,,,,,,4.25"),
        Cut("p2,european,black76,put,100,103,0.75,0.02,,,,,,,,,,,,,,,,,,9.5"),
        Cut("p3,european,black-scholes,put,100,130,0.5,0.03,0.01,,,,,,,,,,,,,,,,,20"),
        Cut("p4,european,black76,call,50,40,1,0.02,,,,,,,,,,,,,,,,,,51"),
        Cut("p5,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2,,,,,,,,,,,,,,,,0"),
    ];

    private const string Characters = ",\"\n\r;. -+eE0123456789a";

    private static readonly string[] Tokens =
    [
        "nan", "NaN", "inf", "-inf", "Infinity", "1e999", "-1e999", "1e-400", "0x10", "1_000", "1,5", "\"1,5\"", "--1", "1e", "e5", ".", "+", "", " ", "0", "-0", "-1", "1e308", "4.9e-324", "\"", "\"\"",
        "\"100\"", " 100", "100 ", "call", "put", "Call", "european", "down-and-in", "black76", "heston", "\u0661", "\0", "0.1.2", "1e+2", "99999999999999999999999999", "1e-310", "100%", "$5", "\r", "\n", "\r\n",
    ];

    [Fact]
    public void A_damaged_file_never_crashes_and_never_prices_a_bad_row()
    {
        bool full = Environment.GetEnvironmentVariable("APPLIANCE_FULL") == "1";
        int seed = TestSeed.Rotating();
        int files = full ? 10_000 : 1_000;
        output.WriteLine($"{files} files, APPLIANCE_SEED={seed}");
        var random = new Random(seed);
        long good = 0, bad = 0, refused = 0;
        for (int i = 0; i < files; i++)
        {
            byte[] file = Damage(random, Make(random));
            try { Check(file, random, ref good, ref bad, ref refused); }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"file {i} of seed {seed}: {e}\n{Encoding.Latin1.GetString(file)}");
            }
        }
        output.WriteLine($"{good} rows priced, {bad} bad, {refused} files refused");
        // The damage is such that all three happen often.
        Assert.True(good > files && bad > files / 2 && refused > files / 200, $"{good} rows priced, {bad} bad, {refused} files refused, seed {seed}");
    }

    [Fact]
    public void The_undamaged_rows_are_good_to_both_readers()
    {
        var rows = GreeksStrictParser.Parse(Encoding.UTF8.GetBytes(GreeksStrictParser.Header + "\n" + string.Join('\n', Rows.Select(r => string.Join(',', r))) + "\n"))!;
        Assert.Equal(Rows.Length, rows.Count);
        Assert.All(rows, r => Assert.NotNull(r.Good));
        // Each is priced, so that no mutation starts from a row that could not be.
        Assert.All(rows, r => Assert.Equal(PricingStatus.Ok, Pricer.Price(r.Good!.Contract, r.Good.Model, out _)));
    }

    private static void Check(byte[] file, Random random, ref long good, ref long bad, ref long refused)
    {
        var expected = GreeksStrictParser.Parse(file);
        // So small a buffer is filled many times; only a line that does not fit it is refused, so the longest must.
        int buffer = Math.Max(64, Encoding.Latin1.GetString(file).Split('\n').Max(l => l.Length) + 4) + random.Next(400);
        using var results = new MemoryStream();
        try
        {
            var (lines, columns) = GreeksRun.Open("file", new MemoryStream(file), buffer);
            GreeksRun.Price(lines, columns, results, random.Next(4) == 0 ? null : KernelWidth.Widest, () => false);
        }
        catch (BadInputException)
        {
            Assert.True(expected is null, "refused a good file:\n" + Encoding.Latin1.GetString(file));
            refused++;
            return;
        }
        Assert.True(expected is not null, "took a bad file:\n" + Encoding.Latin1.GetString(file));
        string[] text = Encoding.Latin1.GetString(results.ToArray()).Split('\n');
        Assert.Equal(expected.Count + 2, text.Length);
        bool withPrice = text[0].EndsWith(",impliedVol", StringComparison.Ordinal);
        Assert.Equal("", text[^1]);
        for (int i = 0; i < expected.Count; i++)
        {
            GreeksStrictParser.Row row = expected[i];
            string seen = text[i + 1], context = $"{seen}\n{Encoding.Latin1.GetString(file)}", line = seen, impliedVolatility = "";
            if (withPrice) (line, impliedVolatility) = (seen[..seen.LastIndexOf(',')], seen[(seen.LastIndexOf(',') + 1)..]);
            string status = line[(line.LastIndexOf(',') + 1)..];
            bool isGood = Answer(row.Good, out Sensitivities s, out double? solved);
            if (!isGood)
            {
                bad++;
                Assert.True(status != "ok" && line.Contains(",,,,,,,,,,", StringComparison.Ordinal) && impliedVolatility == "", context);
                Assert.True(line.Contains($"line {row.Line}: ", StringComparison.Ordinal), context);
                continue;
            }
            good++;
            Assert.True(status == "ok", context);
            string id = row.Id!.IndexOfAny([',', '"']) < 0 ? row.Id! : '"' + row.Id!.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
            Assert.True(line.StartsWith(id + ",", StringComparison.Ordinal), context);
            string[] numbers = line[(id.Length + 1)..].Split(',');
            double[] wantedNumbers = [s.Price, s.Delta, s.Gamma, s.Vega, s.Theta, s.Rho, s.Vanna, s.Volga, s.Charm];
            for (int n = 0; n < wantedNumbers.Length; n++) Assert.True(double.Parse(numbers[n], CultureInfo.InvariantCulture) == wantedNumbers[n], context);
            Assert.True(solved is { } volatility ? double.Parse(impliedVolatility, CultureInfo.InvariantCulture) == volatility : impliedVolatility == "", context);
        }
    }

    /// <summary>What the kernels say of a row that the strict parser calls good: whether it has numbers, and which.</summary>
    private static bool Answer(GreeksStrictParser.Terms? terms, out Sensitivities s, out double? solved)
    {
        (s, solved) = (default, null);
        if (terms is null) return false;
        MarketModel model = terms.Model;
        if (terms.SolvedFrom is { } price)
        {
            if (ImpliedVolatilitySolver.Solve(terms.Contract, in model, price, out double volatility) != ImpliedVolatilityStatus.Ok) return false;
            model.Volatility = volatility;
            solved = volatility;
        }
        return Pricer.Price(terms.Contract, in model, out s) == PricingStatus.Ok;
    }

    private static byte[] Make(Random random)
    {
        string newline = random.Next(3) == 0 ? "\r\n" : "\n";
        string[] columns = [.. GreeksStrictParser.Header.Split(','), "price"];
        // The order of the columns, by their canonical places; the price's, last there, is left out of two files in three.
        int[] order = [.. Enumerable.Range(0, columns.Length - (random.Next(3) == 0 ? 0 : 1))];
        bool withPrice = order.Length == columns.Length;
        if (random.Next(3) == 0) random.Shuffle(order);
        string Line(string[] fields) => string.Join(',', order.Select(column => column < fields.Length ? fields[column] : "")) + newline;
        var text = new StringBuilder(random.Next(6) == 0 ? "\ufeff" : "").Append(Line(columns));
        int rows = random.Next(1, 16);
        for (int i = 0; i < rows; i++) text.Append(Line(withPrice && random.Next(2) == 0 ? PricedRows[random.Next(PricedRows.Length)] : Rows[random.Next(Rows.Length)]));
        byte[] file = Encoding.UTF8.GetBytes(text.ToString());
        return random.Next(4) == 0 ? file[..^newline.Length] : file;
    }

    /// <summary>Every contract under every model that prices it.</summary>
    private static IEnumerable<string[]> Combinations()
    {
        string[] columns = GreeksStrictParser.Header.Split(',');
        string[] contracts = ["european", "american", "cash-digital", "asset-digital", "down-and-out", "down-and-in", "up-and-out", "up-and-in", "lookback-fixed", "lookback-floating", "asian-geometric", "asian-arithmetic"];
        const string heston = "kappa=1.5 theta=0.06 xi=0.5 rho=-0.6 v0=0.04 ", jumps = "lambda=0.4 jumpMean=-0.1 jumpStdDev=0.15 ";
        (string Name, string Terms)[] models =
            [("black-scholes", "yield=0.01 vol=0.2"), ("black76", "vol=0.3"), ("heston", "yield=0.01 " + heston), ("merton", "yield=0.01 vol=0.2 " + jumps), ("bates", "yield=0.01 " + heston + jumps)];
        int count = 0;
        foreach (string contract in contracts)
            foreach (var (model, market) in models[..(contract is "european" or "cash-digital" or "asset-digital" ? 5 : 2)])
            {
                string terms = contract switch
                {
                    "cash-digital" => "cash=10 strike=102",
                    "down-and-out" or "down-and-in" => "strike=101 barrier=90 rebate=1.5",
                    "up-and-out" or "up-and-in" => "strike=98 barrier=125",
                    "lookback-fixed" => "strike=104 extremum=" + (count % 2 == 0 ? "108" : "94"),
                    "lookback-floating" => "extremum=" + (count % 2 == 0 ? "93" : "107"),
                    "asian-geometric" or "asian-arithmetic" => "strike=99 fixings=8 elapsedFixings=2 runningAverage=101",
                    _ => "strike=103",
                };
                var value = $"spot=100 expiry=0.75 rate=0.03 {terms} {market}".Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(t => t.Split('=')[0], t => t.Split('=')[1]);
                (value["id"], value["contract"], value["model"], value["right"]) = ($"k{count}", contract, model, count % 2 == 0 ? "call" : "put");
                count++;
                yield return [.. columns.Select(column => value.GetValueOrDefault(column, ""))];
            }
    }

    /// <summary>A row into its fields, quotation marks kept: only the first field has any.</summary>
    private static string[] Cut(string row)
    {
        int end = row.StartsWith('"') ? row.LastIndexOf('"') + 1 : row.IndexOf(',');
        return [row[..end], .. row[(end + 1)..].Split(',')];
    }

    private static byte[] Damage(Random random, byte[] file)
    {
        var bytes = file.ToList();
        // The header is spared mostly: its damage refuses the file, and the rest of it is then not looked at.
        int from = random.Next(12) == 0 ? 0 : bytes.IndexOf((byte)'\n') + 1;
        for (int times = random.Next(0, 7); times > 0 && bytes.Count > from + 2; times--)
        {
            int at = random.Next(from, bytes.Count), length = Math.Min(random.Next(1, 30), bytes.Count - at);
            switch (random.Next(9))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes.Insert(at, (byte)Characters[random.Next(Characters.Length)]); break;
                case 3: bytes.RemoveAt(at); break;
                case 4: bytes.RemoveRange(at, length); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 6: bytes.RemoveRange(at, bytes.Count - at); break;
                default:
                    // A whole field gives way to something odd.
                    int start = at, end = at;
                    while (start > from && bytes[start - 1] is not ((byte)',' or (byte)'\n')) start--;
                    while (end < bytes.Count && bytes[end] is not ((byte)',' or (byte)'\n' or (byte)'\r')) end++;
                    bytes.RemoveRange(start, end - start);
                    bytes.InsertRange(start, Encoding.UTF8.GetBytes(Tokens[random.Next(Tokens.Length)]));
                    break;
            }
        }
        return [.. bytes];
    }
}
