namespace Appliance.Lab.Hedging;

/// <summary>A hedging rule that decides for a whole block of paths at once; shared by threads, each of which opens a session of its own.</summary>
public interface IBlockPolicy
{
    /// <summary>The key under which reports state it.</summary>
    string Name { get; }
    IBlockPolicySession Open(HedgingEnvironment environment, int paths);
}

/// <summary>One thread's use of a policy: scratch memory and, for a recurrent network, the carried state.</summary>
public interface IBlockPolicySession
{
    /// <summary>A new block of episodes begins.</summary>
    void Begin(EpisodeBlock block);

    /// <summary>
    /// Writes the wanted holding of every instrument into <see cref="HoldingBook.Target"/>. To keep a holding, write the holding itself. Called for steps 0 … Steps − 1 in order.
    /// What may be read: prices and series up to this step, what is held, and the accrued P&amp;L; nothing of later steps.
    /// </summary>
    void Decide(EpisodeBlock block, int step, HoldingBook book);
}

/// <summary>What is held on each path of a block and what has been earned so far. [instruments][paths]</summary>
public sealed class HoldingBook
{
    public HoldingBook(int instruments, int paths)
    {
        Holding = [.. Enumerable.Range(0, instruments).Select(_ => new double[paths])];
        Target = [.. Enumerable.Range(0, instruments).Select(_ => new double[paths])];
        AccruedPnl = new double[paths];
    }

    /// <summary>Units held before this decision: the "previous hedge".</summary>
    public double[][] Holding { get; }
    /// <summary>Units wanted; the policy writes them.</summary>
    public double[][] Target { get; }
    /// <summary>Trading gains less costs up to this step's price, before this step's trade, with interest to maturity. The liability and the premium are not in it.</summary>
    public double[] AccruedPnl { get; }
}
