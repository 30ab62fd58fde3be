using System.Text;
using Appliance.Host.Configuration;
using Appliance.Host.Greeks;
using Appliance.Kernels;

namespace Appliance.Tests.Compute;

/// <summary>The file of contracts in, the file of results out: header, order of columns and rows, reasons.</summary>
public class GreeksFileTests
{
    private const string Tail = ",,,,,,,,,,,,,,,";
    private const string Call = "a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail;

    [Fact]
    public void Columns_may_stand_in_any_order_and_rows_keep_theirs()
    {
        string[] columns = GreeksStrictParser.Header.Split(',');
        string[] row = Call.Split(',');
        var order = Enumerable.Range(0, columns.Length).OrderBy(i => i * 7 % columns.Length).ToArray();
        string Shuffle(string[] fields) => string.Join(',', order.Select(i => fields[i]));
        string plain = Price(GreeksStrictParser.Header, Call, Call.Replace("a,", "b,", StringComparison.Ordinal).Replace("105", "95", StringComparison.Ordinal));
        string shuffled = Price(Shuffle(columns), Shuffle(row), Shuffle(Call.Replace("a,", "b,", StringComparison.Ordinal).Replace("105", "95", StringComparison.Ordinal).Split(',')));
        Assert.Equal(plain, shuffled);
        string[] lines = plain.Split('\n');
        Assert.Equal("id,price,delta,gamma,vega,theta,rho,vanna,volga,charm,status", lines[0]);
        Assert.StartsWith("a,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("b,", lines[2], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);
    }

    [Fact]
    public void Line_ends_marks_and_quotes_do_not_matter()
    {
        string expected = Price(GreeksStrictParser.Header, Call);
        Assert.Equal(expected, PriceBytes(Encoding.UTF8.GetBytes($"\ufeff{GreeksStrictParser.Header}\r\n{Call}\r\n")));
        Assert.Equal(expected, PriceBytes(Encoding.UTF8.GetBytes($"\n\n{GreeksStrictParser.Header}\n\r\n{Call}")));
        Assert.Equal(expected, PriceBytes(Encoding.UTF8.GetBytes($"{GreeksStrictParser.Header}\n{string.Join(',', Call.Split(',').Select(f => $"\"{f}\""))}\n")));
    }

    [Theory]
    [InlineData("expiry,", "", "missing column expiry")]
    [InlineData("id,", "id,id,", "the column 'id' stands twice")]
    [InlineData("vol,", "volatility,", "unknown column 'volatility'")]
    [InlineData("vol,", "Vol,", "unknown column 'Vol'")]
    [InlineData("jumpStdDev", "jumpStdDev,", "unknown column ''")]
    [InlineData("id,", "\"id,", "the header cannot be read")]
    public void A_wrong_header_is_refused(string from, string to, string reason)
    {
        int at = GreeksStrictParser.Header.IndexOf(from, StringComparison.Ordinal);
        string header = GreeksStrictParser.Header[..at] + to + GreeksStrictParser.Header[(at + from.Length)..];
        var refusal = Assert.Throws<BadInputException>(() => Price(header, Call));
        Assert.Contains(refusal.Lines, line => line.StartsWith("file, line 1: ", StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal));
    }

    [Fact]
    public void Everything_wrong_with_a_header_is_said_at_once()
    {
        var refusal = Assert.Throws<BadInputException>(() => Price("id,id,colour", Call));
        Assert.Equal(3, refusal.Lines.Count);
        Assert.Contains("missing columns contract,model,right,spot", refusal.Lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\r\n")]
    [InlineData("\ufeff")]
    public void A_file_without_a_header_is_refused(string text) =>
        Assert.Contains("is empty", Assert.Throws<BadInputException>(() => PriceBytes(Encoding.UTF8.GetBytes(text))).Message, StringComparison.Ordinal);

    [Fact]
    public void Utf16_is_refused() =>
        Assert.Contains("UTF-16", Assert.Throws<BadInputException>(() => PriceBytes([.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(GreeksStrictParser.Header)])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a,european,black-scholes,call,abc,105,0.5,0.03,0.01,0.2" + Tail, "spot: 'abc' is not a number")]
    [InlineData("a,european,black-scholes,call, 100,105,0.5,0.03,0.01,0.2" + Tail, "spot: ' 100' is not a number")]
    [InlineData("a,european,black-scholes,call,nan,105,0.5,0.03,0.01,0.2" + Tail, "spot: 'nan' is not a number")]
    [InlineData("a,european,black-scholes,call,1e999,105,0.5,0.03,0.01,0.2" + Tail, "spot: '1e999' is beyond the range of numbers")]
    [InlineData("a,european,black-scholes,call,0,105,0.5,0.03,0.01,0.2" + Tail, "spot must be")]
    [InlineData("a,european,black-scholes,call,100,0,0.5,0.03,0.01,0.2" + Tail, "strike must be above zero")]
    [InlineData("a,european,black-scholes,call,100,-5,0.5,0.03,0.01,0.2" + Tail, "strike must be above zero")]
    [InlineData("a,european,black-scholes,call,100,105,-0.5,0.03,0.01,0.2" + Tail, "expiry must be")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01,-0.2" + Tail, "vol must be")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01," + Tail, "vol is blank; black-scholes needs it")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,,0.2" + Tail, "yield is blank; black-scholes needs it")]
    [InlineData("a,lookback-floating,black76,call,100,105,0.5,0.03,,0.2" + Tail, "strike is given, but lookback-floating does not use it")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2,90,,,,,,,,,,,,,,", "barrier is given, but european does not use it")]
    [InlineData("a,europaen,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "contract: 'europaen' is not one of european american")]
    [InlineData("a,european,black,call,100,105,0.5,0.03,0.01,0.2" + Tail, "model: 'black' is not one of black-scholes")]
    [InlineData("a,european,black-scholes,Call,100,105,0.5,0.03,0.01,0.2" + Tail, "right: 'Call' is not one of call put")]
    [InlineData("a,european,black-scholes,,100,105,0.5,0.03,0.01,0.2" + Tail, "right is blank")]
    [InlineData(",european,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "id is blank")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2", "the line has 10 fields, the header 25")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail + ",", "the line has 26 fields, the header 25")]
    [InlineData("a,cash-digital,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "cash is blank; cash-digital needs it")]
    [InlineData("a,down-and-out,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "barrier is blank; down-and-out needs it")]
    [InlineData("a,asian-geometric,black-scholes,call,100,105,0.5,0.03,0.01,0.2,,,,,1.5,,,,,,,,,,", "fixings must be a whole number")]
    [InlineData("a,asian-geometric,black-scholes,call,100,105,0.5,0.03,0.01,0.2,,,,,4,5,100,,,,,,,,", "elapsedFixings must be a whole number from 0 to fixings")]
    [InlineData("\"a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "no closing quotation mark")]
    [InlineData("a\"b,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "inside a field that does not begin with one")]
    [InlineData("\"a\"b,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail, "text follows the closing quotation mark")]
    public void A_bad_row_says_why_and_the_others_are_priced(string row, string reason)
    {
        string[] good = Price(GreeksStrictParser.Header, Call).Split('\n');
        string[] lines = Price(GreeksStrictParser.Header, Call, row, Call).Split('\n');
        Assert.Equal(good[1], lines[1]);
        Assert.Equal(good[1], lines[3]);
        Assert.Contains($"line 3: ", lines[2], StringComparison.Ordinal);
        Assert.Contains(reason, lines[2].Replace("\"\"", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains(",,,,,,,,,,", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public void Zeros_in_columns_that_are_not_used_are_let_pass() =>
        Assert.Equal(Price(GreeksStrictParser.Header, Call), Price(GreeksStrictParser.Header, "a,european,black-scholes,call,100,105,0.5,0.03,0.01,0.2,0,0.0,0,-0,0,0,0,0,0,0,0,0,0,0,0e5"));

    [Fact]
    public void A_market_may_hold_more_than_the_model_uses()
    {
        string market = Call.Replace(Tail, ",,,,,,,,1.5,0.04,0.3,-0.7,0.05,0.1,-0.1,0.2", StringComparison.Ordinal);
        Assert.Equal(Price(GreeksStrictParser.Header, Call), Price(GreeksStrictParser.Header, market));
        string[] forward = [.. new[] { market, Call.Replace("0.01,", ",", StringComparison.Ordinal) }.Select(row => Price(GreeksStrictParser.Header, row.Replace("black-scholes", "black76", StringComparison.Ordinal)))];
        Assert.Equal(forward[1], forward[0]);
        Assert.EndsWith(",ok\n", forward[0], StringComparison.Ordinal);
        string broken = Price(GreeksStrictParser.Header, market.Replace("-0.7", "minus", StringComparison.Ordinal));
        Assert.Contains("rho: 'minus' is not a number", broken, StringComparison.Ordinal);
    }

    [Fact]
    public void At_expiry_the_price_is_the_payoff()
    {
        string[] lines = Price(GreeksStrictParser.Header, Call.Replace("105,0.5", "90,0", StringComparison.Ordinal)).Split('\n');
        Assert.StartsWith("a,10,1,0,0,0,", lines[1], StringComparison.Ordinal);
        Assert.EndsWith(",ok", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(100_000)]
    public void A_line_that_is_too_long_is_passed_over(int length)
    {
        string plain = Price(GreeksStrictParser.Header, Call);
        byte[] file = Encoding.UTF8.GetBytes($"{GreeksStrictParser.Header}\n{Call}\n{new string('x', length)}\n{Call}\n{new string('"', length)}");
        string[] lines = PriceBytes(file, length == 300 ? 256 : 1 << 17).Split('\n');
        Assert.Equal(plain.Split('\n')[1], lines[1]);
        Assert.Contains("line 3: the line is longer than", lines[2], StringComparison.Ordinal);
        Assert.Equal(plain.Split('\n')[1], lines[3]);
        Assert.Contains("line 5: the line is longer than", lines[4], StringComparison.Ordinal);
        Assert.Equal(6, lines.Length);
    }

    [Fact]
    public void Every_backend_and_width_writes_the_same_bytes()
    {
        var random = new Random(20_260_102);
        string[] rows = [.. Enumerable.Range(0, 3_000).Select(i => random.Next(2) == 0
            ? $"r{i},european,black-scholes,{(random.Next(2) == 0 ? "call" : "put")},{50 + 100 * random.NextDouble():R},{50 + 100 * random.NextDouble():R},{random.NextDouble() * 3:R},0.03,{random.NextDouble() * 0.05:R},{random.NextDouble():R}{Tail}"
            : $"r{i},european,black76,{(random.Next(2) == 0 ? "call" : "put")},{50 + 100 * random.NextDouble():R},{50 + 100 * random.NextDouble():R},{random.NextDouble() * 3:R},{0.1 * random.NextDouble() - 0.05:R},,{random.NextDouble():R}{Tail}")];
        byte[] file = Encoding.UTF8.GetBytes(GreeksStrictParser.Header + "\n" + string.Join('\n', rows));
        string scalar = PriceBytes(file, width: null);
        Assert.Equal(3_002, scalar.Split('\n').Length);
        foreach (var width in new[] { KernelWidth.Scalar, KernelWidth.Simd256, KernelWidth.Simd512 })
            if (CpuGreeksBackend.IsSupported(width)) Assert.Equal(scalar, PriceBytes(file, 4096, width));
    }

    [Fact]
    public void A_price_in_place_of_the_volatility_is_solved_for()
    {
        string header = GreeksStrictParser.Header + ",price";
        string plain = Price(GreeksStrictParser.Header, Call).Split('\n')[1];
        string price = plain.Split(',')[1];
        string[] lines = Price(header, Call + ",", Call.Replace("0.2" + Tail, Tail + "," + price, StringComparison.Ordinal), Call + ",7").Split('\n');
        Assert.Equal("id,price,delta,gamma,vega,theta,rho,vanna,volga,charm,status,impliedVol", lines[0]);
        Assert.Equal(plain + ",", lines[1]);
        string[] solved = lines[2].Split(','), wanted = plain.Split(',');
        Assert.Equal("ok", solved[10]);
        Assert.Equal(0.2, double.Parse(solved[11], System.Globalization.CultureInfo.InvariantCulture), 1e-14);
        for (int i = 1; i < 10; i++)
        {
            double number = double.Parse(wanted[i], System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(number, double.Parse(solved[i], System.Globalization.CultureInfo.InvariantCulture), Math.Abs(number) * 1e-12);
        }
        Assert.Equal("a,,,,,,,,,,line 4: vol and price are both given: leave one of them blank,", lines[3]);
    }

    [Theory]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01," + Tail + ",101", "upper bound")]
    [InlineData("a,european,black-scholes,call,100,90,0.5,0.03,0.01," + Tail + ",1", "below the discounted payoff")]
    [InlineData("a,european,black76,put,100,90,0.5,0.03,," + Tail + ",0", "no time value")]
    [InlineData("a,european,black76,put,100,90,0,0.03,," + Tail + ",1", "no volatility can be looked for")]
    [InlineData("a,american,black-scholes,call,100,105,0.5,0.03,0.01," + Tail + ",5", "vol is blank")]
    [InlineData("a,american,black-scholes,call,100,105,0.5,0.03,0.01,0.2" + Tail + ",5", "a volatility is solved for only")]
    [InlineData("a,european,black-scholes,call,100,105,0.5,0.03,0.01," + Tail + ",", "vol is blank")]
    public void A_price_that_has_no_volatility_says_why(string row, string reason)
    {
        string[] lines = Price(GreeksStrictParser.Header + ",price", row).Split('\n');
        Assert.Contains(reason, lines[1], StringComparison.Ordinal);
        Assert.StartsWith("a,,,,,,,,,,", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void An_interruption_ends_between_blocks()
    {
        byte[] file = Encoding.UTF8.GetBytes(GreeksStrictParser.Header + "\n" + string.Concat(Enumerable.Repeat(Call + "\n", 5_000)));
        var (lines, columns) = GreeksRun.Open("file", new MemoryStream(file));
        int asked = 0;
        var counts = GreeksRun.Price(lines, columns, new MemoryStream(), KernelWidth.Widest, () => ++asked == 2);
        Assert.True(counts.Interrupted);
        Assert.InRange(counts.Rows, 1, 4_999);
    }

    private static string Price(params string[] lines) => PriceBytes(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"));

    private static string PriceBytes(byte[] file, int bufferBytes = 1 << 17, KernelWidth? width = KernelWidth.Widest)
    {
        var (lines, columns) = GreeksRun.Open("file", new MemoryStream(file), bufferBytes);
        using var results = new MemoryStream();
        GreeksRun.Price(lines, columns, results, width, () => false);
        return Encoding.UTF8.GetString(results.ToArray());
    }
}
