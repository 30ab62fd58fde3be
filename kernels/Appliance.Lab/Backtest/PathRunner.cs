using Appliance.Lab.Baselines;
using Appliance.Lab.Costs;
using Appliance.Lab.Hedging;

namespace Appliance.Lab.Backtest;

/// <summary>
/// Runs strategies over a range of paths, all on the same ones, block after block on all cores. Results stand at their paths' places, so they do not depend on how many threads there were. Memory:
/// one block of episodes a thread, and five numbers a path and strategy.
/// </summary>
public static class PathRunner
{
    /// <summary>Paths of a block: small enough that the rows of a step stay in a core's own cache.</summary>
    public const int BlockPaths = 1024;

    /// <param name="mark">Values of what is owed for the marked-to-model volatility; null leaves that out.</param>
    /// <param name="progress">Told the paths done, from any thread.</param>
    public static BlockResult[] Run(HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies, long firstPath, int paths, DeltaSource? mark = null, int threads = 0, Action<int>? progress = null, CancellationToken cancel = default)
    {
        BlockResult[] results = [.. strategies.Select(_ => new BlockResult(paths, environment.HasRatios))];
        int block = Math.Min(BlockPaths, paths), blocks = (paths + block - 1) / block;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads > 0 ? threads : System.Environment.ProcessorCount, CancellationToken = cancel };
        Parallel.For(0, blocks, options, () => new Worker(environment, strategies, block, mark), (b, _, worker) =>
        {
            // The last block is shorter: it is drawn with its own size, so that a path's place in a block never matters.
            int first = b * block, count = Math.Min(block, paths - first);
            if (count < block) new Worker(environment, strategies, count, mark).Run(firstPath + first, results, first);
            else worker.Run(firstPath + first, results, first);
            progress?.Invoke(count);
            return worker;
        }, _ => { });
        return results;
    }

    /// <summary>Bytes that a run takes besides the tables of its strategies.</summary>
    public static long Bytes(HedgingEnvironment environment, int strategies, int paths, int threads)
    {
        int block = Math.Min(BlockPaths, paths);
        long own = Markets.PathBlock.Bytes(environment.Simulator.Series.Count + environment.Instruments, environment.Steps, block, 16);
        return threads * own + (4 * 8 + 4L) * strategies * paths;
    }

    private sealed class Worker
    {
        private readonly HedgingEnvironment _environment;
        private readonly EpisodeBlock _block;
        private readonly PnlEngine _engine;
        private readonly IBlockPolicySession[] _sessions;

        public Worker(HedgingEnvironment environment, IReadOnlyList<IBlockPolicy> strategies, int paths, DeltaSource? mark)
        {
            _environment = environment;
            _block = environment.NewBlock(paths);
            _engine = new PnlEngine(environment, paths, mark);
            _sessions = [.. strategies.Select(s => s.Open(environment, paths))];
        }

        public void Run(long firstPath, BlockResult[] results, int offset)
        {
            _environment.Fill(_block, firstPath);
            for (int i = 0; i < _sessions.Length; i++)
            {
                _engine.Run(_block, _sessions[i], results[i], offset);
                if (_environment.HasRatios) _block.Market.Ratios.CopyTo(results[i].Ratios.AsSpan(offset));
            }
        }
    }
}
