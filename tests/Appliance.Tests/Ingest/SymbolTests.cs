using System.Text;
using Appliance.Contract;
using Appliance.Ingest;
using Appliance.Ingest.Itch;

namespace Appliance.Tests.Ingest;

public class SymbolTests
{
    [Theory]
    [InlineData("A")]
    [InlineData("BRK.A")]
    [InlineData("ABCDEFGH")]
    public void A_symbol_is_its_padded_bytes(string text)
    {
        Symbol8 symbol = Symbol8.Parse(text);
        var bytes = new byte[8];
        symbol.WriteTo(ref bytes[0]);
        Assert.Equal(text.PadRight(8), Encoding.ASCII.GetString(bytes));
        Assert.Equal(symbol, Symbol8.FromWire(in bytes[0]));
        Assert.Equal(text, symbol.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("ABCDEFGHI")]
    [InlineData("A B")]
    [InlineData("Ä")]
    public void What_is_no_symbol_is_refused(string text)
    {
        Assert.False(Symbol8.TryParse(text, out _));
        Assert.Throws<ArgumentException>(() => Symbol8.Parse(text));
    }

    [Fact]
    public void The_map_finds_what_it_holds_and_nothing_else()
    {
        string[] symbols = [.. Enumerable.Range(0, 500).Select(i => $"SYM{i}"), "A_VERY_LONG_SYMBOL"];
        SymbolMap map = Desk.Symbols(symbols);
        Assert.Equal((501, 500), (map.Count, map.HighestIndex));
        for (int i = 0; i < symbols.Length; i++)
        {
            Assert.True(map.TryFind(Encoding.ASCII.GetBytes(symbols[i]), out ushort byBytes) && byBytes == i);
            Assert.Equal(i, map.InstrumentAt(i));
            if (Symbol8.TryParse(symbols[i], out Symbol8 packed))
                Assert.True(map.TryFind(packed, out ushort byWord) && byWord == i);
        }
        for (int i = 500; i < 2_000; i++)
            Assert.False(map.TryFind(Symbol8.Parse($"SYM{i}"), out _));
        Assert.False(map.TryFind(Symbol8.FromPacked(0), out _));
        Assert.False(map.TryFind("SYM"u8, out _));
    }

    [Fact]
    public void A_symbol_twice_is_an_error_that_names_it() =>
        Assert.Contains("'B'", Assert.Throws<ArgumentException>(() => Desk.Symbols("A", "B", "B")).Message);

    [Theory]
    [InlineData("12302019_SNIPPET.NASDAQ_ITCH50", 1_577_682_000L)]
    [InlineData("07012019.gz", 1_561_953_600L)]
    [InlineData("03082026", 1_772_946_000L)]
    [InlineData("03092026", 1_773_028_800L)]
    [InlineData("11012026", 1_793_505_600L)]
    [InlineData("11022026", 1_793_595_600L)]
    public void The_exchanges_midnight_follows_daylight_time(string name, long expectedSeconds)
    {
        Assert.True(ExchangeDay.TryFromFileName("/some/where/" + name, out long midnightUtcNs));
        Assert.Equal(expectedSeconds * 1_000_000_000, midnightUtcNs);
    }

    [Theory]
    [InlineData("capture.pcap")]
    [InlineData("13302019.itch")]
    [InlineData("x12302019")]
    public void A_name_without_a_date_has_none(string name) => Assert.False(ExchangeDay.TryFromFileName(name, out _));
}
